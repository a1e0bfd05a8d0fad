/** Plans the samples of a command, and their greatest lengths. */
import { CodecLmError } from '../../base/error.ts';
import type { PromptCut } from '../../tokenizer/index.ts';
import type { Prompt } from './prompt.ts';

/** One sample to be drawn. */
export interface PlannedSample {
  /** Together with the seed it determines all random numbers. */
  index: number;
  prompt?: Prompt;
  /** Most tokens that it may draw, including `<eos>`. */
  maxTokens: number;
}

/**
 * @param num number of samples, per prompt if there are prompts
 * @param limit most tokens of a sample, including its prompt
 * @param cut how the prompts were cut, for the hint
 * @throws CodecLmError `CONFIG_INVALID` when a prompt leaves no room
 */
export function planSamples(
  prompts: readonly Prompt[] | undefined,
  num: number,
  limit: number,
  cut: PromptCut = { ratio: 0 },
): PlannedSample[] {
  const sources: (Prompt | undefined)[] = prompts ? [...prompts] : [undefined];
  return sources.flatMap((prompt, nth) => {
    const maxTokens = limit - (prompt?.ids.length ?? 1);
    if (maxTokens < 1) {
      throw new CodecLmError(
        'CONFIG_INVALID',
        `the prompt ${prompt?.name ?? '<bos>'} takes ${limit - maxTokens} tokens, which leaves no room within ${limit}`,
        { hint: `lower \`cut.${Object.keys(cut)[0]}\` or raise \`maxTokens\`` },
      );
    }
    return Array.from({ length: num }, (_, i) => ({ index: nth * num + i, prompt, maxTokens }));
  });
}

/** The prompt's ids without `<bos>`. */
export function givenIds({ prompt }: PlannedSample): number[] {
  return prompt ? [...prompt.ids.subarray(1)] : [];
}

/** Number of tokens of the longest of them. */
export function longest(plans: readonly PlannedSample[]): number {
  let most = 0;
  for (const { prompt, maxTokens } of plans) {
    most = Math.max(most, (prompt?.ids.length ?? 1) + maxTokens);
  }
  return most;
}
