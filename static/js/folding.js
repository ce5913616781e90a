/* Text as people compare it: as app/kernel/text.py folds and looks for it, but for its table of Chinese variants. */
const NO_WORD = /[^\p{L}\p{N}\p{M}]+/gu, DIGIT = /\p{Nd}/u;

export const fold = (text) => text.normalize("NFKC").toLowerCase().normalize("NFKC").replace(NO_WORD,
  (gap, at, all) => DIGIT.test(all[at - 1]) && DIGIT.test(all[at + gap.length]) ? "-" : "");

/* What to look for, any of them: the word folded; for digits with signs also the bare digits. */
export const partsOf = (word) => {
  const digits = word.normalize("NFKC").replace(/\D+/g, "");
  return [fold(word), digits.length > 2 && !/\p{L}/u.test(word) ? digits : ""].filter(Boolean);
};
