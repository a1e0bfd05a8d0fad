/** After a stop that was nobody's mistake: the command that goes on, to be pasted. */
import type { CodecLmError, ErrorCode } from '../base/error.ts';
import { shellWords } from '../base/shell.ts';
import type { Command } from './command.ts';

const FIRST: Partial<Record<ErrorCode, string>> = {
  INTERRUPTED: '',
  DISK_FULL: 'free some space, then ',
  IO_FAILED: 'see to that, then ',
  RANK_FAILED: 'see what that rank said, then ',
};

/** @returns undefined where there is nothing to go on with, or another command would not help */
export function goOnHint(
  { code, hint }: CodecLmError,
  called: string,
  {
    command,
    options,
    argv,
  }: { command: Command; options: Record<string, unknown>; argv: readonly string[] },
): string | undefined {
  const first = FIRST[code];
  if (first === undefined || command.goOn === undefined) return undefined;
  const line =
    command.goOn === 'same' ? `${called} ${shellWords(argv)}` : command.goOn(options as never);
  if (line === undefined) return undefined;
  const why = code === 'IO_FAILED' && hint ? `${hint}; then ` : first;
  return `${why}go on with: ${line}`;
}
