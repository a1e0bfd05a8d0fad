/** What llama.cpp makes of our files (bench/peers/setup-node-llama-cpp.sh). */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareGguf, hasLlamaCpp } from '../../../../bench/peers/gguf.ts';
import { chooseBackend } from '../../../../compute/choose.ts';
import { plainTokenizer, type Tokenizer } from '../../../../tokenizer/index.ts';
import type { GgufPrecision } from '../../../../trainer/checkpoint/gguf/types.ts';
import type { LlamaConfig } from '../../../../trainer/model/config.ts';
import type { SamplingCodec } from '../../../../trainer/sample/codec.ts';
import { Model } from '../../../../trainer/sample/model.ts';
import { learnedTokenizer } from '../../../helpers/learned.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';
import { testIf } from '../../../helpers/tools.ts';
import { makeModel } from './fixture.ts';

const SHAPE: Partial<LlamaConfig> = { maxPositions: 4096, hiddenSize: 128, intermediateSize: 192 };

/** Largest difference of ln p: the weights are large, so that rounding shows. */
const LIMITS: Record<GgufPrecision, number> = { fp32: 1e-3, fp16: 0.05, bf16: 0.4, q8_0: 1.5 };

const FP32: GgufPrecision[] = ['fp32'];

interface Case {
  title: string;
  config?: Partial<LlamaConfig>;
  precisions?: GgufPrecision[];
  make(): Promise<{ tokenizer: Tokenizer; document: Uint8Array | Uint16Array }>;
}

async function learned() {
  const { bpe, documents } = await learnedTokenizer();
  return { tokenizer: bpe, document: documents[4].subarray(0, 700) };
}

const CASES: Case[] = [
  {
    title: 'a llama over bytes, in every precision',
    precisions: ['fp32', 'fp16', 'bf16', 'q8_0'],
    make: learned,
  },
  { title: 'tied embeddings', config: { tieEmbeddings: true }, make: learned },
  { title: 'QK-norm: a qwen3', config: { qkNorm: true, kvHeads: 4 }, make: learned },
  {
    title: 'a plain alphabet of 512 symbols',
    async make() {
      const document = Uint16Array.from({ length: 300 }, (_, i) => (i * i * 7) % 512);
      return { tokenizer: plainTokenizer(512), document };
    },
  },
];

for (const { title, config, precisions = FP32, make } of CASES) {
  testIf(hasLlamaCpp, 'bench/peers/setup-node-llama-cpp.sh', `llama.cpp: ${title}`, async (t) => {
    t.timeout(600_000);
    const folder = await temporaryFolder(t);
    const { tokenizer, document } = await make();
    const path = join(folder, 'model');
    const made = await makeModel(path, { ...SHAPE, ...config }, tokenizer);
    await writeFile(join(path, 'codec.json'), '{"seqLen": 4096}');
    // Logits need no codec.
    const parts = { path, config: made.config, tokenizer, codec: {} as SamplingCodec };
    const model = new Model(parts, () => chooseBackend({}));
    for (const precision of precisions) {
      const file = join(folder, `${precision}.gguf`);
      const found = await compareGguf(model, document, precision, file);
      t.true(found.hasOurIds, 'ids of the text');
      t.true(found.hasOurText, 'text of the ids');
      t.true(found.difference < LIMITS[precision], `${precision}: off by ${found.difference}`);
      t.log(`${precision}: ${found.difference.toExponential(1)}`);
      if (precision === 'fp32') t.is(found.sameGreedy, found.drawn);
      const { bosId: bos, eosId: eos } = tokenizer;
      t.deepEqual(found.specials, { bos, eos, isPrepended: true, ends: true });
    }
    await model.close();
  });
}
