/** A server with a draft answers as one without. */
import { join } from 'node:path';
import test from 'ava';
import { makeCheckpoint, TOKENIZER } from '../../helpers/checkpoint.ts';
import { type Completion, complete, SIDE, start } from '../../helpers/server.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const MODEL = { side: SIDE, scale: 8 };

test('the same answers, to several clients at once', async (t) => {
  const draft = join(await temporaryFolder(t), 'draft');
  await makeCheckpoint(draft, { side: SIDE, layers: 1 });
  const asked = [0, 1, 2, 3, 4].map((seed) => ({
    ...{
      model: 'tiny',
      prompt: [TOKENIZER.bosId],
      max_tokens: 60 + 9 * seed,
      seed,
      n: 1 + (seed % 2),
    },
    ...{ logprobs: 2, grammar: seed === 3 ? 'off' : 'on', temperature: seed === 4 ? 0 : 1 },
  }));
  const answers: Completion['choices'][][] = [];
  for (const options of [{}, { draft, draftTokens: 4 }, { draft }]) {
    const { server, log } = await start(t, { engine: 'wasm', ...options }, MODEL);
    const replies = await Promise.all(asked.map((body) => complete(server, body)));
    t.is(/with a draft/.test(log.join()), 'draft' in options);
    answers.push(replies.map(({ choices }) => choices));
  }
  t.deepEqual(answers[1], answers[0]);
  t.deepEqual(answers[2], answers[0]);
});
