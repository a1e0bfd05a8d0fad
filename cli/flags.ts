/**
 * Errors of the library name options as in code, in backticks; on a terminal they become flags.
 */
import { allCodecs } from '../tokenizer/codecs/registry.ts';
import type { Command } from './command.ts';
import { flagOf } from './fields.ts';

/** An option of the library, alone or with a value: `svg: render`. */
const OPTION = /^(\w+)(?:: (.+))?$/;

/** A key of the trainer's configuration with its value. */
const SETTING = /^\w+\.\w+=/;

/**
 * @param text a message or a hint, e.g. "raise `maxPixels`"
 * @returns the same text with the flags of the running command, e.g. "raise --max-pixels"
 */
export function withFlags(text: string, command: Command | undefined): string {
  if (command === undefined) return text;
  return text.replace(/`([^`]+)`/g, (quoted, name: string) => {
    if (/^--[a-z-]+(?: \S+)?$/.test(name)) return name;
    const flag = command.flags?.[name];
    if (flag !== undefined) return flag;
    const [, option, value] = OPTION.exec(name) ?? [];
    if (option !== undefined && option in command.options.shape) {
      return `${flagOf(option)}${value === undefined ? '' : ` ${value}`}`;
    }
    const isSetting = 'set' in command.options.shape && SETTING.test(name);
    return isSetting ? `--set ${name}` : quoted;
  });
}

const FLAG = /(?<![\w-])--[a-z][a-z0-9-]*/g;
const QUOTED = /`([^`]+)`/g;
const NAME = /^([a-z]\w*(?:\.\w+)?)(?:: .+)?$/;
const CAMEL = /[a-z][A-Z]|^cut\./;

/**
 * @param hint hint of a library error, which does not know its caller
 * @returns the same hint with flags; undefined if it names an option that the command does not
 * have, such as one of another codec
 */
export function hintFor(hint: string, command: Command | undefined): string | undefined {
  if (command === undefined) return hint;
  const { shape } = command.options;
  const flags = [...Object.keys(shape).map(flagOf), ...Object.values(command.flags ?? {})];
  const ours = new Set(flags.map((flag) => flag.split(' ')[0]));
  const isOurs = (name: string) => name in shape || ours.has(command.flags?.[name] ?? '');
  const names = [...hint.matchAll(QUOTED)].flatMap(([, quoted]) => NAME.exec(quoted)?.[1] ?? []);
  // Flags inside a whole command in backticks belong to that command.
  const plain = hint.replace(QUOTED, '');
  const isForeign =
    [...plain.matchAll(FLAG)].some(([flag]) => !ours.has(flag)) ||
    names.some((name) => !isOurs(name) && (CAMEL.test(name) || isOfCodec(name)));
  return isForeign ? undefined : hint;
}

function isOfCodec(name: string): boolean {
  return allCodecs().some(({ options }) => name in options.shape);
}
