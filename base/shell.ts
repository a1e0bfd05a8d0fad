/** Words as a POSIX shell reads them, for command lines that are shown to be pasted. */

export function shellWords(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}

/** In quotes only where it needs them. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
