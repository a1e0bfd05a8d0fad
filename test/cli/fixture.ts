/** A small command line of its own, for the tests of what all command lines share. */
import { z } from 'zod';
import { CodecLmError } from '../../base/error.ts';
import { command } from '../../cli/command.ts';
import { runCli } from '../../cli/run.ts';

await runCli({
  name: 'fixture',
  summary: 'for tests',
  commands: [
    command({
      name: 'run images',
      summary: 'prints what it was given',
      positionals: [{ name: 'src', description: 'sources', variadic: true }],
      options: z.object({
        quality: z.number().int().min(1).max(95).default(25).describe('JPEG quality'),
        seqLen: z.number().int().positive().optional().describe('tokens a sequence'),
        grammar: z.enum(['on', 'off']).default('on').describe('constrained sampling'),
        set: z.array(z.string()).default([]).describe('key=value'),
        json: z.boolean().default(false).describe('print JSON'),
        out: z.string().describe('output folder'),
      }),
      examples: ['fixture run images photos/ --out DS'],
      async run(positionals, options, io) {
        io.printJson({ positionals, options });
        return undefined;
      },
    }),
    command({
      name: 'fail',
      summary: 'fails as asked',
      positionals: [{ name: 'how', description: 'kind of failure' }],
      options: z.object({}),
      async run([how], _options, io) {
        if (how === 'typed') {
          throw new CodecLmError('INPUT_NOT_FOUND', 'no such folder: x', { hint: 'look again' });
        }
        if (how === 'string') throw 'a library that throws strings';
        if (how === 'stall') await new Promise(() => {});
        if (how === 'skipped') return 3;
        process.stdout.write('ready\n');
        const timer = setInterval(() => {}, 1000);
        await new Promise((resolve) => io.signal.addEventListener('abort', resolve));
        if (how === 'stubborn') await new Promise(() => {});
        clearInterval(timer);
        return 0;
      },
    }),
  ],
});
