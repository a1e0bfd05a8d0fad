/** How well a model keeps the syntax by itself: what it draws without the grammar, and what the grammar changes. */
import type { ProbeSettings } from '../../schemas/probes.ts';
import type { Communicator } from '../../trainer/distributed/communicator.ts';
import type { Model } from '../../trainer/sample/model.ts';
import { type SampleOptions, sample } from '../../trainer/sample/sample.ts';
import { stopIfAsked } from './scoring.ts';

export interface ValidityResult {
  /** Documents drawn without the grammar, and as many with it. */
  readonly drawn: number;
  /** Share of those without the grammar that pass the codec's check. */
  readonly valid: number;
  /** Share of them that the model ended itself, valid or not. */
  readonly ended: number;
  /** Share of the tokens drawn with the grammar at which it forbade the likeliest one. */
  readonly corrected: number;
}

export type DrawSettings = Pick<
  ProbeSettings,
  'temperature' | 'topK' | 'topP' | 'minP' | 'seed' | 'threads'
> &
  Pick<SampleOptions, 'onEvent' | 'signal'> & { readonly communicator: Communicator };

/** Collective. @throws CodecLmError of `sample`; `INTERRUPTED` */
export async function probeValidity(
  model: Model,
  num: number,
  settings: DrawSettings,
): Promise<ValidityResult> {
  let [drawn, valid, ended] = [0, 0, 0];
  for await (const { file, finish } of sample(model, { ...settings, num, grammar: false })) {
    drawn++;
    if (file !== null) valid++;
    if (finish === 'eos') ended++;
  }
  stopIfAsked(settings.signal);
  let [tokens, corrected] = [0, 0];
  for await (const found of sample(model, { ...settings, num, grammar: true })) {
    tokens += found.tokens;
    corrected += found.corrected;
  }
  stopIfAsked(settings.signal);
  const counts = Float64Array.of(drawn, valid, ended, tokens, corrected);
  await settings.communicator.allReduce(counts);
  [drawn, valid, ended, tokens, corrected] = counts;
  return { drawn, valid: valid / drawn, ended: ended / drawn, corrected: corrected / tokens };
}
