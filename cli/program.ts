/**
 * Builds commander's command line: commands, options in groups, help, and error messages of this
 * project.
 */
import { Command as Commander, Option } from 'commander';
import { nearestTo } from '../base/nearest.ts';
import { VERSION } from '../base/version.ts';
import { asTyped } from './called.ts';
import type { Command } from './command.ts';
import { fieldsOf, flagOf } from './fields.ts';
import { HELP_GROUP } from './groups.ts';
import { flagsOf, optionsOf } from './options.ts';

/**
 * Longest line of help in characters; longer lines are hard to read, however wide the terminal is.
 */
const WIDEST = 100;

/** Examples in the help of a program: the first one of each of its first commands. */
const EXAMPLES = 4;

/** Largest distance of a suggestion from a mistyped name, as a share of its letters. */
const ALIKE = 0.5;

export type Action = (
  command: Command,
  positionals: string[],
  options: Record<string, unknown>,
) => Promise<void>;

/** Parts of a command line. */
interface Parts {
  /** How the program was called: `trainer`, or `codec-lm trainer`. */
  called: string;
  summary: string;
  commands: readonly Command[];
  /** Summary of each first word that several commands share. */
  groups?: Readonly<Record<string, string>>;
}

/**
 * @param action runs the command that was named
 */
export function programOf(
  { called, summary, commands, groups = {} }: Parts,
  action: Action,
): Program {
  const program = new Program(called);
  const examples = commands.slice(0, EXAMPLES).flatMap((each) => each.examples?.slice(0, 1) ?? []);
  program.description(asTyped(descriptionOf({ summary, examples }), called)).configureOutput({
    writeOut: (text) => process.stdout.write(asTyped(text, called)),
    outputError: (text, write) => write(`${called}: ${asTyped(oneLine(text), called)} [USAGE]\n`),
  });
  program.helpCommand(false).version(VERSION, '-V, --version', 'Show the version');
  program.options.at(-1)?.helpGroup(HELP_GROUP);
  for (const command of commands) addCommand(program, command, action);
  for (const group of program.commands.filter((each) => each.commands.length > 0)) {
    const names = group.commands.map((child) => child.name()).join(', ');
    group.description(`${groups[group.name()] ?? 'Commands'}: ${names}`);
  }
  return program;
}

export class Program extends Commander {
  #command?: Command;

  constructor(name?: string) {
    super(name);
    this.exitOverride()
      .addHelpOption(new Option('-h, --help', 'Show this help').helpGroup(HELP_GROUP))
      .configureHelp({
        showGlobalOptions: false,
        helpWidth: Math.min(WIDEST, process.stdout.columns ?? WIDEST),
        // One line below mentions the environment for all options.
        optionDescription: ({ description }) => description,
      });
  }

  override createCommand(name?: string): Program {
    return new Program(name);
  }

  for(command: Command): this {
    this.#command = command;
    return this;
  }

  /** Called by commander. */
  unknownOption(flag: string): void {
    const name = flag.split('=')[0];
    const known = this.options.flatMap(({ long, hidden }) => (long && !hidden ? [long] : []));
    const setting = this.#settingFor(name);
    const nearest = nearestTo(name, known);
    const isAlike = nearest && nearest.distance <= Math.ceil((name.length - 2) * ALIKE);
    const better = setting ?? (isAlike ? nearest.candidate : undefined);
    const hint = better ? ` (Did you mean ${better}?)` : ` (${this.#path()} --help lists them)`;
    this.error(`error: unknown option '${flag}'${hint}`, { code: 'commander.unknownOption' });
  }

  /** Called by commander. */
  missingArgument(name: string): void {
    const { description } = this.registeredArguments.find((argument) => argument.name() === name)!;
    this.error(`error: missing required argument '${name}': ${description}`, {
      code: 'commander.missingArgument',
    });
  }

  /** Called by commander. */
  optionMissingArgument({ flags, description }: Option): void {
    this.error(`error: option '${flags}' needs a value: ${description}`, {
      code: 'commander.optionMissingArgument',
    });
  }

  /** Hint for `--steps` in a command that is configured by `--set train.steps=…`. */
  #settingFor(flag: string): string | undefined {
    const key = this.#command?.settings?.().find((path) => flagOf(path.split('.')[1]) === flag);
    return key && `--set ${key}=VALUE`;
  }

  #path(): string {
    return this.parent instanceof Program ? `${this.parent.#path()} ${this.name()}` : this.name();
  }
}

/** Turns `'run images'` into a command `images` in a group `run`. */
function addCommand(program: Program, command: Command, action: Action): void {
  // Before lines are broken, so that none becomes too long.
  const typed = (text: string) => asTyped(text, program.name());
  const words = command.name.split(' ');
  let parent: Commander = program;
  for (const word of words.slice(0, -1)) {
    parent =
      parent.commands.find((child) => child.name() === word) ??
      parent.command(word).helpCommand(false);
  }
  const leaf = parent.command(words.at(-1)!) as Program;
  leaf
    .for(command)
    .summary(typed(command.summary))
    .description(typed(descriptionOf(command)));
  for (const { name, variadic, optional, description } of command.positionals ?? []) {
    const shown = variadic ? `${name}...` : name;
    leaf.argument(optional ? `[${shown}]` : `<${shown}>`, typed(description));
  }
  leaf.usage(usageOf(leaf, command));
  for (const option of optionsOf(command.options)) {
    option.description = typed(option.description);
    leaf.addOption(option);
  }
  if (Object.keys(command.options.shape).length > 0) {
    leaf.addHelpText(
      'after',
      '\nEnvironment: CODEC_LM_SOME_NAME is read where --some-name is not given',
    );
  }
  if (command.notes) leaf.addHelpText('after', `\n${wrapped(leaf, typed(command.notes))}`);
  leaf.action(() => action(command, leaf.args, leaf.opts()));
}

/** Examples come before the options, because most people look for them. */
function descriptionOf({ summary, examples = [] }: Pick<Command, 'summary' | 'examples'>): string {
  if (examples.length === 0) return summary;
  return `${summary}\n\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`;
}

/** Such as `<file...> --checkpoint <dir> [options]`. */
function usageOf(leaf: Commander, { options }: Command): string {
  const places = leaf.registeredArguments.map((argument) => {
    const name = argument.variadic ? `${argument.name()}...` : argument.name();
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  const fields = fieldsOf(options);
  const required = fields.filter(({ isRequired, requiredUnless }) => isRequired || requiredUnless);
  const rest = fields.length > required.length ? ['[options]'] : [];
  return [...places, ...required.map(flagsOf), ...rest].join(' ');
}

function wrapped(leaf: Commander, text: string): string {
  return leaf.createHelp().boxWrap(text, WIDEST);
}

/** Commander puts its suggestion on the line below the error. */
function oneLine(text: string): string {
  return text
    .trim()
    .replace(/^error: /, '')
    .replaceAll('\n', ' ');
}
