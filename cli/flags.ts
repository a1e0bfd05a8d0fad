/** The library names its options as code does, in backticks; on a terminal they are flags. */
import type { Command } from './command.ts';
import { kebabCase } from './options.ts';

/** An option of the library, alone or with a value: `svg: render`. */
const OPTION = /^(\w+)(?:: (.+))?$/;

/** A key of the trainer's configuration with its value. */
const SETTING = /^\w+\.\w+=/;

/**
 * @param text a message or a hint, e.g. "raise `maxPixels`"
 * @returns the same with the flags of the command that runs, e.g. "raise --max-pixels"
 */
export function withFlags(text: string, command: Command | undefined): string {
  if (command === undefined) return text;
  return text.replace(/`([^`]+)`/g, (quoted, name: string) => {
    const flag = command.flags?.[name];
    if (flag !== undefined) return flag;
    const [, option, value] = OPTION.exec(name) ?? [];
    if (option !== undefined && option in command.options.shape) {
      return `--${kebabCase(option)}${value === undefined ? '' : ` ${value}`}`;
    }
    const isSetting = 'set' in command.options.shape && SETTING.test(name);
    return isSetting ? `--set ${name}` : quoted;
  });
}
