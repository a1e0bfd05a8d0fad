/**
 * Clients as people use them against `trainer serve`: lm-evaluation-harness (over HTTP, and in transformers),
 * openai of PyPI and of npm, curl. Each must see what it expects, and each score must be that of `trainer score`.
 *
 *   bench/peers/setup-clients.sh
 *   node bin/start.js bench/peers/clients.ts [--json]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askCurl, askOpenAi, CLIENTS } from './clients/openai.ts';
import { compareScores } from './clients/scores.ts';
import { startServer } from './clients/server.ts';
import { askTransformers } from './clients/transformers.ts';

const folder = await mkdtemp(join(tmpdir(), 'codec-lm-clients-'));
const failures: string[] = [];
const figures: Record<string, unknown> = {};
try {
  const server = await startServer(folder);
  try {
    const seen = await compareScores(server, folder);
    for (const { mode, worst, isEqual } of seen) {
      figures[mode] = worst;
      if (!isEqual) failures.push(`${mode}: differs by ${worst}`);
    }
    for (const client of CLIENTS) {
      const { version, problems } = await askOpenAi(client, server);
      figures[client] = version;
      failures.push(...problems.map((problem) => `${client}: ${problem}`));
    }
    const { version, problems } = await askTransformers(server);
    figures.transformers = version;
    failures.push(...problems.map((problem) => `transformers: ${problem}`));
    const curl = await askCurl(server);
    figures.curl = curl.version;
    failures.push(...curl.problems.map((problem) => `curl: ${problem}`));
  } finally {
    await server.stop();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(figures)}\n`);
else
  for (const [name, figure] of Object.entries(figures))
    process.stdout.write(`${name}: ${figure}\n`);
for (const failure of failures) process.stderr.write(`${failure}\n`);
process.exitCode = failures.length > 0 ? 1 : 0;
