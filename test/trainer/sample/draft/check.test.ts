/** Drafts that cannot propose tokens for a model are refused, with what differs. */
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ByteBpe } from '../../../../tokenizer/bpe/tokenizer.ts';
import { plainTokenizer } from '../../../../tokenizer/plain.ts';
import type { Tokenizer } from '../../../../tokenizer/tokenizer.ts';
import { loadModel, serve } from '../../../../trainer/index.ts';
import { readDraft } from '../../../../trainer/sample/draft/check.ts';
import { readCheckpoint } from '../../../../trainer/sample/load.ts';
import { type CheckpointOptions, makeCheckpoint } from '../../../helpers/checkpoint.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';
import { run } from '../../../helpers/workplace.ts';

async function make(t: ExecutionContext, options: CheckpointOptions = {}): Promise<string> {
  const folder = join(await temporaryFolder(t), 'model');
  await makeCheckpoint(folder, options);
  return folder;
}

const COLOURS = 257;
const clusters = Buffer.from(new Float32Array(3 * COLOURS).buffer).toString('base64');
const CASES: Record<string, { options: CheckpointOptions; message: RegExp }> = {
  'another codec': {
    options: {
      codec: { name: 'pixels', settings: { size: 32, colours: COLOURS, clusters } },
      tokenizer: plainTokenizer(COLOURS),
    },
    message: /it writes pixels, the model jpeg/,
  },
  'another size': { options: { side: 48 }, message: /it writes 48x48, the model 32x32/ },
  'another vocabulary': {
    options: { tokenizer: new ByteBpe([[0xff, 0xd0]]) },
    message: /it has 260 ids, the model 263/,
  },
  'other merges': {
    options: {
      tokenizer: new ByteBpe([
        [0xff, 0xd0],
        [0xff, 0xd1],
        [0x00, 0x01],
        [0x28, 0xa2],
      ]),
    },
    message: /id 258 is another token in its tokenizer/,
  },
};

for (const [name, { options, message }] of Object.entries(CASES)) {
  test(name, async (t) => {
    const [model, draft] = [await make(t), await make(t, options)];
    await t.throwsAsync(loadModel(model, { draft }), { code: 'CONFIG_INVALID', message });
  });
}

test('other special tokens', async (t) => {
  const path = await make(t);
  const model = await readCheckpoint(path);
  const { bosId, eosId, padId } = model.tokenizer;
  const exchanged = { bosId, eosId: padId, padId: eosId } as Tokenizer;
  await t.throwsAsync(readDraft(path, { ...model, tokenizer: exchanged }), {
    code: 'CONFIG_INVALID',
    message: new RegExp(`its eos token is ${eosId}, the model's ${padId}`),
  });
});

test('a model that the kernels do not take', async (t) => {
  const path = await make(t);
  const model = await readCheckpoint(path);
  const config = { ...model.config, qkNorm: true };
  await t.throwsAsync(readDraft(path, { ...model, config }), {
    code: 'CONFIG_INVALID',
    message: /needs this project's kernels/,
  });
});

test('an engine whose logits depend on the batch', async (t) => {
  const model = await make(t);
  const native = loadModel(model, { draft: model, engine: 'native' });
  await t.throwsAsync(native, { code: 'CONFIG_INVALID', message: /a draft beside engine native/ });
});

test('a draft that is not there, and tokens without a draft', async (t) => {
  const model = await make(t);
  await t.throwsAsync(loadModel(model, { draft: join(model, 'none') }), {
    code: 'INPUT_NOT_FOUND',
  });
  await t.throwsAsync(loadModel(model, { draftTokens: 3 }), {
    code: 'USAGE',
    message: /`draftTokens` says how many/,
  });
  await t.throwsAsync(loadModel(model, { draft: model, draftTokens: 17 }), {
    code: 'CONFIG_INVALID',
  });
  const served = serve({ checkpoint: model, draftTokens: 3, port: 0 });
  await t.throwsAsync(served, { code: 'USAGE' });
});

test('the command names its own option', async (t) => {
  const [model, to] = [await make(t), join(await temporaryFolder(t), 'out')];
  const ended = await run('trainer', [
    ...['sample', '--checkpoint', model, '--to', to, '--draft-tokens', '3'],
  ]);
  t.is(ended.exitCode, 2, ended.stderr);
  t.regex(ended.stderr, /--draft-tokens says how many .* \(name one as --draft\)/);
});
