/** Runs a command line: finds the command, validates, runs it, and ends with the right exit code. */
import { Command as Commander, CommanderError } from 'commander';
import { CodecLmError, messageOf, systemCode } from '../base/error.ts';
import { VERSION } from '../base/version.ts';
import { asTyped } from './called.ts';
import type { Command, Io } from './command.ts';
import { withFlags } from './flags.ts';
import { optionsOf, parseOptions, parsePositionals } from './options.ts';
import { StderrProgress } from './progress.ts';
import { handleSignals } from './signals.ts';

export interface CliSpec {
  /** Name of the program. */
  name: string;
  /** How it was called, where that is more than its name: `codec-lm trainer`. */
  calledAs?: string;
  summary: string;
  commands: Command[];
}

/** @param argv what follows the program's name */
export async function runCli(spec: CliSpec, argv = process.argv.slice(2)): Promise<void> {
  // A stalled promise lets Node end by itself with 0; only reaching the end below says success.
  process.exitCode = 1;
  endQuietlyOnBrokenPipe();
  const stderr = new StderrProgress();
  const called = spec.calledAs ?? spec.name;
  let interruptedBy: number | undefined;
  const signal = handleSignals((exitCode, name) => {
    interruptedBy = exitCode;
    stderr.log(`${called}: ${name} received, stopping cleanly; once more to stop at once`);
  });
  const io: Io = {
    print: (line) => process.stdout.write(`${line}\n`),
    printJson: (value) => process.stdout.write(`${JSON.stringify(value)}\n`),
    log: (line) => stderr.log(line),
    progress: stderr,
    signal,
  };
  let exitCode: number;
  let running: Command | undefined;
  const onStart = (command: Command) => {
    running = command;
  };
  try {
    exitCode = await parseAndRun(spec, argv, io, onStart);
  } catch (error) {
    stderr.done();
    exitCode = report(called, error, running);
  }
  stderr.done();
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
  process.exit(interruptedBy ?? exitCode);
}

async function parseAndRun(
  spec: CliSpec,
  argv: string[],
  io: Io,
  onStart: (command: Command) => void,
): Promise<number> {
  const called = spec.calledAs ?? spec.name;
  const program = new Commander(called).description(spec.summary);
  // commands that are made below take this over
  configure(program).configureOutput({
    writeOut: (text) => process.stdout.write(asTyped(text, called)),
    outputError: (text, write) => write(text),
  });
  program.version(VERSION, '-V, --version').helpCommand(false);
  let exitCode = 0;
  for (const command of spec.commands) {
    addCommand(program, command, async (positionals, raw) => {
      onStart(command);
      const places = parsePositionals(command.positionals ?? [], positionals);
      exitCode = (await command.run(places, parseOptions(command.options, raw), io)) ?? 0;
    });
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
  return exitCode;
}

type Action = (positionals: string[], options: Record<string, unknown>) => Promise<void>;

/** `'run images'` becomes a command `images` under a group `run`. */
function addCommand(program: Commander, command: Command, action: Action): void {
  const words = command.name.split(' ');
  let parent = program;
  for (const word of words.slice(0, -1)) {
    parent =
      parent.commands.find((child) => child.name() === word) ??
      configure(parent.command(word).helpCommand(false));
  }
  const leaf = configure(parent.command(words.at(-1)!)).description(command.summary);
  for (const positional of command.positionals ?? []) {
    const name = positional.variadic ? `${positional.name}...` : positional.name;
    leaf.argument(positional.optional ? `[${name}]` : `<${name}>`, positional.description);
  }
  for (const option of optionsOf(command.options)) leaf.addOption(option);
  if (command.examples?.length) {
    leaf.addHelpText('after', `\nExamples:\n${command.examples.map((e) => `  ${e}`).join('\n')}`);
  }
  if (command.notes) leaf.addHelpText('after', `\n${command.notes}`);
  if (parent !== program) {
    parent.description(
      parent.commands.map((child) => `${parent.name()} ${child.name()}`).join(', '),
    );
  }
  leaf.action(async () => {
    await action(leaf.args, leaf.opts());
  });
}

function configure(program: Commander): Commander {
  return program
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: false });
}

function report(program: string, error: unknown, command?: Command): number {
  if (error instanceof CodecLmError) {
    const hint = error.hint ? ` (${asTyped(error.hint, program)})` : '';
    const message = withFlags(`${error.message}${hint}`, command);
    process.stderr.write(`${program}: ${message} [${error.code}]\n`);
    if (process.env.CODEC_LM_DEBUG)
      process.stderr.write(`${error.stack}\n${String(error.cause)}\n`);
    return error.exitCode;
  }
  const stack = error instanceof Error ? error.stack : undefined;
  process.stderr.write(
    `${program}: unexpected error: ${messageOf(error)} [INTERNAL]\n${stack ?? ''}\n`,
  );
  return 1;
}

/** `shards inspect | head` closes our stdout: that is no failure of ours. */
function endQuietlyOnBrokenPipe(): void {
  process.stdout.on('error', (error) => {
    if (systemCode(error) === 'EPIPE') process.exit(0);
    throw error;
  });
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
