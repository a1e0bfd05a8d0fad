/**
 * After a stop that was not the user's mistake, shows the command that continues, ready to be
 * pasted.
 */
import type { CodecLmError, ErrorCode } from '../base/error.ts';
import { shellWords } from '../base/shell.ts';
import type { Command } from './command.ts';

const ADVICE: Partial<Record<ErrorCode, string>> = {
  INTERRUPTED: 'go on with',
  DISK_FULL: 'free some space and run',
  IO_FAILED: 'see to that and go on with',
  RANK_FAILED: 'see what that rank said and go on with',
};

/** @returns undefined if there is nothing to continue, or if another command would not help */
export function goOnHint(
  { code, hint }: CodecLmError,
  called: string,
  {
    command,
    options,
    argv,
  }: { command: Command; options: Record<string, unknown>; argv: readonly string[] },
): string | undefined {
  const advice = ADVICE[code];
  if (advice === undefined || command.goOn === undefined) return undefined;
  const line =
    command.goOn === 'same' ? `${called} ${shellWords(argv)}` : command.goOn(options as never);
  if (line === undefined) return undefined;
  return code === 'IO_FAILED' && hint ? `${hint}; then go on with: ${line}` : `${advice}: ${line}`;
}
