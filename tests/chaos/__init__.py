"""Chaos: a rep's day in a real Chromium against a real server, while both are killed and the line between them fails;
then every entry is counted in the database.

    python -m tests.chaos --seed 7 --rounds 200      (or: make chaos SEED=7 ROUNDS=200)

`line.py` is what can go wrong between the two, `world.py` the server and the phone, `deeds.py` what the rep enters,
`faults.py` what happens meanwhile, `oracle.py` what has become of each entry. The same seed makes the same choices; how
far the machine gets between them differs from run to run.
"""
