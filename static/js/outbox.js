/**
 * What waits on the phone, in IndexedDB: one module for the pages (a plain script) and the service worker (importScripts).
 *
 * An entry is a form post: {seq, key (the form's `once`), person, url, fields [[name, text or Blob]], at (ISO UTC of the tap, phone's
 * clock), to (the page that its answer leads to), opens (id of the row it makes or opens), page (of that row), ids (every id it names), label and about
 * (the words of its button and its page), says [[label, text]] (what is filled in), from (the page of its form, where something is filled in),
 * shown (HTML), tries, retryAt, status, answer (the server's page), location, sentAt,
 * doubtful (the server did not believe the phone's clock), state: "waiting" | "refused" | "sent"}. Sent ones stay for 36 hours, without their photos: kept pages do not know of them yet.
 * "meta" holds the person, the pack and the outcome of the last try; "draft" is static/js/drafts.js's.
 */
self.outbox = (() => {
  const KEPT_MS = 36 * 3600e3;
  /** @type {Promise<IDBDatabase> | undefined} */
  let opened;

  const open = () => opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open("fieldbook", 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("entry", { keyPath: "seq", autoIncrement: true }).createIndex("key", "key", { unique: true });
      asked.result.createObjectStore("draft");
      asked.result.createObjectStore("meta");
    };
    asked.onsuccess = () => {
      asked.result.onclose = () => { opened = undefined; };
      asked.result.onversionchange = () => { asked.result.close(); opened = undefined; };
      resolve(asked.result);
    };
    asked.onerror = () => { opened = undefined; reject(asked.error); };
  });

  /** Runs `act` on a store; resolves when the transaction is on the disk, with the result of the request that `act` returns. */
  const run = async (store, mode, act) => {
    const database = await open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(store, mode, { durability: "strict" });
      const request = act(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onabort = () => reject(transaction.error ?? request?.error);
    });
  };

  /** Keeps a new entry, in place and at the place of the one with the number `replaces`. The same key again is the same tap: nothing is added, false.
   *  Rejects where the phone is full. */
  const keep = async (entry, replaces = 0) => {
    try {
      await run("entry", "readwrite", (store) => {
        if (replaces) store.delete(replaces);
        return store.add({ state: "waiting", tries: 0, ...entry, ...(replaces && { seq: replaces }) });
      });
      return true;
    } catch (error) {
      if (error?.name === "ConstraintError") return false;
      throw error;
    }
  };

  /** All entries, oldest first. */
  const list = () => run("entry", "readonly", (store) => store.getAll());

  /** Changes an entry; one that is gone stays gone, and one that was sent stays sent. */
  const change = (seq, values) => run("entry", "readwrite", (store) => {
    store.get(seq).onsuccess = ({ target }) => target.result && target.result.state !== "sent" && store.put({ ...target.result, ...values });
  });
  const remove = (seq) => run("entry", "readwrite", (store) => store.delete(seq));

  /** Marks as sent, and lets photos go. */
  const sent = (entry, location, doubtful) => change(entry.seq, {
    state: "sent", sentAt: Date.now(), location, doubtful, answer: "",
    fields: entry.fields.filter(([, value]) => typeof value === "string"),
  });
  const prune = async () => {
    for (const { seq, state, sentAt } of await list()) if (state === "sent" && Math.abs(Date.now() - sentAt) > KEPT_MS) await remove(seq);
  };

  const recall = (name) => run("meta", "readonly", (store) => store.get(name));
  const remember = (name, value) => run("meta", "readwrite", (store) => store.put(value, name));

  /** Empties everything: entries, drafts, pack. */
  const erase = async () => {
    for (const name of ["entry", "draft", "meta"]) await run(name, "readwrite", (store) => store.clear());
  };

  /** UUIDv7 (RFC 9562): rows made here sort by time like the server's, two of one millisecond as they were made. */
  let last = 0;
  const newId = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    let time = last = Math.max(Date.now(), last + 1);
    for (let i = 5; i >= 0; i--) (bytes[i] = time % 256), (time = Math.floor(time / 256));
    bytes[6] = bytes[6] & 15 | 0x70;
    bytes[8] = bytes[8] & 63 | 0x80;
    return [...bytes].map((byte, i) => ([4, 6, 8, 10].includes(i) ? "-" : "") + byte.toString(16).padStart(2, "0")).join("");
  };
  const idsIn = (text) => text.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? [];

  /** Whether a page of that age (ms) does not show the entry yet. */
  const isNews = (entry, pageAt = Infinity) => entry.state !== "sent" || entry.sentAt > pageAt;
  const pathOf = (entry) => new URL(entry.url, location.origin).pathname;

  return { KEPT_MS, open, keep, list, change, remove, sent, prune, recall, remember, erase, newId, idsIn, isNews, pathOf };
})();
