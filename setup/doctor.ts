/**
 * `codec-lm doctor`: shows what it found on this machine, with a hint for each missing thing.
 * Always exits with 0.
 */
import { z } from 'zod';
import { command } from '../cli/command.ts';

export const doctor = command({
  name: 'doctor',
  summary: 'Show which tools and libraries this machine has for this project',
  options: z.object({
    json: z.boolean().default(false).describe('One JSON object per finding: name, found, ok, hint'),
  }),
  examples: ['codec-lm doctor', 'codec-lm doctor --json'],
  async run(_positionals, options, io) {
    const { findAll } = await import('./findings.ts');
    const findings = await findAll();
    for (const finding of findings) {
      if (options.json) {
        io.printJson(finding);
        continue;
      }
      io.print(`${finding.ok ? 'ok ' : '-- '} ${finding.name.padEnd(8)} ${finding.found}`);
      if (finding.hint) io.print(`    ${''.padEnd(8)} -> ${finding.hint}`);
    }
    return 0;
  },
});
