/**
 * Properties of every command of every program, taken from their specs, so that a new command is
 * tested without further code.
 */
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';
import { CodecLmError } from '../../base/error.ts';
import { asTyped } from '../../cli/called.ts';
import { PROGRAMS } from '../../cli/codec-lm/programs.ts';
import type { Command } from '../../cli/command.ts';
import { fieldsOf, flagOf, orOf } from '../../cli/fields.ts';
import { flagsOf, optionsOf } from '../../cli/options.ts';
import { parseOptions } from '../../cli/parse.ts';
import { type Program, programOf } from '../../cli/program.ts';
import type { CliSpec } from '../../cli/run.ts';
import { runOptionsOf } from '../../pipeline/options.ts';
import { setup } from '../../setup/command.ts';
import { doctor } from '../../setup/doctor.ts';
import { allCodecs } from '../../tokenizer/codecs/registry.ts';

const START = fileURLToPath(new URL('../../bin/start.js', import.meta.url));
const SPECS: CliSpec[] = await Promise.all(
  Object.values(PROGRAMS).map(async ({ load }) => (await load()).spec),
);
const COMMANDS = SPECS.flatMap((spec) => spec.commands.map((command) => ({ spec, command })));
const OWN = [setup, doctor].map((command) => ({ spec: undefined, command }));

/** So many processes at a time. */
const TOGETHER = 3;
const WIDEST = 100;

function started(program: string, args: string[]) {
  return execa('node', [START, `cli/${program}/main.ts`, ...args], { reject: false });
}

function placesOf({ positionals = [] }: Command): string[] {
  return positionals.filter(({ optional }) => !optional).map(() => 'x');
}

function leafOf(program: Program, { name }: Command): Program {
  return name
    .split(' ')
    .reduce<Program>(
      (parent, word) => parent.commands.find((child) => child.name() === word) as Program,
      program,
    );
}

/** `mpirun -n 8 node bin/trainer.js fit --out 'x y' > file` -> trainer, fit, --out, x y */
function wordsOf(example: string): string[] {
  const line = example.replace(/^mpirun -n \d+ (?:node bin\/(\w+)\.js|(\w+))/, '$1$2');
  const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3],
  );
  const end = words.findIndex((word) => word === '>' || word === '|');
  return words.slice(0, end < 0 ? undefined : end);
}

function requiredOf({ options }: Command) {
  return fieldsOf(options).filter(({ isRequired, requiredUnless }) => isRequired || requiredUnless);
}

test('every required option that is missing is called missing, by its flag and what it is', (t) => {
  let tried = 0;
  for (const { spec, command } of COMMANDS) {
    const required = requiredOf(command);
    for (const missing of required) {
      const others = required.filter((field) => field !== missing);
      const given = Object.fromEntries(
        others.map(({ key, kind }) => [key, kind === 'list' ? ['x'] : 'x']),
      );
      const error = t.throws(
        () => parseOptions(command.options, given, `${spec.name} ${command.name}`),
        {
          instanceOf: CodecLmError,
          code: 'USAGE',
        },
      );
      const unless = missing.requiredUnless ? ` without ${orOf(missing.requiredUnless)}` : '';
      t.is(error.message, `${flagOf(missing.key)} is required${unless}: ${missing.description}`);
      t.is(error.hint, `\`${spec.name} ${command.name} --help\` has examples`);
      tried++;
    }
  }
  t.true(tried >= 12, String(tried));
});

test('a command line without its required options ends with 2 and one line that names all of them', async (t) => {
  const left = COMMANDS.filter(({ command }) => requiredOf(command).length > 0);
  t.true(left.length >= 8, String(left.length));
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const { spec, command } = next;
      const line = [...command.name.split(' '), ...placesOf(command)];
      const run = await started(spec.name, line);
      const title = `${spec.name} ${line.join(' ')}: ${run.stderr}`;
      t.is(run.exitCode, 2, title);
      t.is(run.stdout, '', title);
      t.is(run.stderr.split('\n').length, 1, title);
      const [first, ...others] = requiredOf(command);
      t.true(run.stderr.startsWith(`${spec.name}: ${flagOf(first.key)} is required`), title);
      t.true(run.stderr.includes(first.description), title);
      for (const { key } of others) t.true(run.stderr.includes(flagOf(key)), title);
      t.regex(run.stderr, /\[USAGE\]$/, title);
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, worker));
});

test('every required option is marked in the help and stands in the usage line', (t) => {
  for (const { spec, command } of COMMANDS) {
    const program = programOf({ ...spec, called: spec.name }, async () => {});
    const help = leafOf(program, command).helpInformation();
    const usage = help.split('\n')[0];
    const options = new Map(optionsOf(command.options).map((option) => [option.flags, option]));
    for (const field of fieldsOf(command.options)) {
      const where = `${spec.name} ${command.name} ${flagsOf(field)}`;
      const isRequired = field.isRequired || field.requiredUnless !== undefined;
      t.is(usage.includes(flagsOf(field)), isRequired, where);
      t.is(/\(required[ ;)]/.test(options.get(flagsOf(field))!.description), isRequired, where);
    }
  }
});

test('help is of one form: capitals first, no dot at the end, groups, no line too long', (t) => {
  const sentence = (text: string, where: string) => {
    t.regex(text, /^[A-Z0-9-]/, where);
    t.notRegex(text, /\.$/, where);
  };
  for (const [name, { summary }] of Object.entries(PROGRAMS)) sentence(summary, name);
  for (const { spec, command } of [...COMMANDS, ...OWN]) {
    const where = `${spec?.name ?? 'codec-lm'} ${command.name}`;
    if (spec) sentence(spec.summary, spec.name);
    sentence(command.summary, where);
    for (const { name, description } of command.positionals ?? []) {
      sentence(description, `${where} ${name}`);
    }
    for (const { key, description } of fieldsOf(command.options)) {
      sentence(description, `${where} --${key}`);
      // The mark is made in one place.
      t.notRegex(description, /\brequired\b/, `${where} --${key}`);
    }
  }
  for (const { spec, command } of COMMANDS) {
    for (const called of [spec.name, `codec-lm ${spec.name}`]) {
      const program = programOf({ ...spec, called }, async () => {});
      let help = '';
      const writeOut = (text: string) => {
        help += text;
      };
      leafOf(program, command).configureOutput({ writeOut }).outputHelp();
      const lines = help.split('\n');
      for (const line of lines) t.true(line.length <= WIDEST, line);
      // To be pasted, so on one line each.
      for (const example of command.examples ?? []) {
        t.true(lines.includes(`  ${asTyped(example, called)}`), example);
      }
      if (command.examples) t.true(help.indexOf('Examples:') < help.indexOf('--help'));
      // Where there is much to choose from, it stands in groups.
      if (fieldsOf(command.options).length > 6)
        t.true(help.match(/^[A-Z]\w+:$/gm)!.length > 3, help);
      t.notRegex(help, /^Options:$/m, `${spec.name} ${command.name}`);
    }
  }
  for (const definition of allCodecs()) {
    for (const field of fieldsOf(runOptionsOf(definition, [definition.name]))) {
      sentence(field.description, `${definition.name} --${field.key}`);
    }
  }
});

test('every example of every command is one of that command, with options that it takes', async (t) => {
  for (const { spec, command } of COMMANDS) {
    const examples = command.examples ?? [];
    t.true(examples.length > 0, `${spec.name} ${command.name} has no example`);
    for (const example of examples) {
      const [name, ...argv] = wordsOf(example);
      t.is(name, spec.name, example);
      let parsed: Command | undefined;
      const program = programOf({ ...spec, called: spec.name }, async (found, _places, raw) => {
        parsed = found;
        parseOptions(found.options, raw);
      });
      await t.notThrowsAsync(program.parseAsync(argv, { from: 'user' }), example);
      t.is(parsed, command, example);
    }
  }
});

test('every command in a hint is shown with codec-lm in front to who types that', (t) => {
  for (const { spec, command } of COMMANDS) {
    const typed = `${spec.name} ${command.name}`;
    t.is(asTyped(`go on with: ${typed} x`, 'codec-lm shards'), `go on with: codec-lm ${typed} x`);
  }
});

test('words that several commands share have a summary, and no other word has', (t) => {
  for (const { name, commands, groups = {} } of SPECS) {
    const shared = commands.filter((each) => each.name.includes(' '));
    const words = new Set(shared.map((each) => each.name.split(' ')[0]));
    t.deepEqual(Object.keys(groups).sort(), [...words].sort(), name);
  }
});

/** Headings under which no person would look for these. */
const MISPLACED = [
  ['Input', ['cache']],
  ['Documents', ['engine', 'weights', 'tokenHealing', 'threads']],
] as const;

test('options of models and machines do not stand among those of documents', (t) => {
  for (const { spec, command } of COMMANDS.filter(
    ({ command }) => 'checkpoint' in command.options.shape,
  )) {
    const groups = new Map(
      optionsOf(command.options).map((each) => [each.attributeName(), each.helpGroupHeading]),
    );
    for (const [heading, keys] of MISPLACED) {
      for (const key of keys)
        t.not(groups.get(key), `${heading}:`, `${spec.name} ${command.name} ${key}`);
    }
  }
});

const MISTAKES: [line: string, message: RegExp][] = [
  ['trainer sample --chekpoint x --to y', /unknown option '--chekpoint'.*--checkpoint\?\)/],
  ['trainer fit --data x --out y --steps 50', /unknown option '--steps'.*--set train\.steps=VALUE/],
  ['trainer fit --data x --out y --lr 3e-4', /'--lr'.*--set optim\.lr=VALUE/],
  ['pipeline run images x --output y', /'--output'.*--out\?/],
  ['pipeline run images x --out y --frobnicate', /'--frobnicate' \(.*run images --help lists them/],
  ['trainer sample --checkpoint x --to y --num', /'--num <n>' needs a value: Samples to draw/],
  ['trainer sample --checkpoint x --to y --num 0', /--num: .*from 1 to 100000; received "0"/],
  ['pipeline run images x --out y --size big', /--size: must be pixels, such as 256.*"big"/],
  ['shards inspect', /missing required argument 'path': A dataset directory/],
];

test('one line says what is wrong, what is expected, and what was received', async (t) => {
  const left = [...MISTAKES];
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [line, message] = next;
      const [program, ...rest] = line.split(' ');
      const run = await started(program, rest);
      t.is(run.exitCode, 2, line);
      t.is(run.stderr.split('\n').length, 1, run.stderr);
      t.regex(run.stderr, message);
      t.regex(run.stderr, /\[USAGE\]$/);
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, worker));
});

for (const [name, value, message] of [
  ['num', '1.5', '--num: expected a whole number from 1 to 100000; received "1.5"'],
  ['num', 'many', '--num: expected a whole number from 1 to 100000; received "many"'],
  ['topP', '0', '--top-p: expected a number, above 0 and at most 1; received "0"'],
  ['promptRatio', '1', '--prompt-ratio: expected a number, at least 0 and below 1; received "1"'],
  ['grammar', 'maybe', '--grammar: expected on or off; received "maybe"'],
] as const) {
  test(`a value that an option does not take: ${name} ${value}`, (t) => {
    const { command } = COMMANDS.find((each) => each.command.name === 'sample')!;
    const given = { checkpoint: 'x', to: 'y', [name]: value };
    t.throws(() => parseOptions(command.options, given), { code: 'USAGE', message });
  });
}
