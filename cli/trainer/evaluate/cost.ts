/** Prints what an evaluation would take. */
import { formatCount, formatTable } from '../../../base/format.ts';
import type { Cost } from '../../../evaluation/protocol/cost.ts';
import type { Io } from '../../command.ts';

export function printCost(cost: Cost, io: Io): void {
  const { pictures, sampled, tokensPerDocument, conditions, tokensGiven, tokensDrawn } = cost;
  io.log(
    `${formatCount(pictures)} pictures; the documents of ${sampled} of them have ${formatCount(tokensPerDocument)} tokens on average`,
  );
  io.print(
    formatTable(
      ['condition', 'completions', 'tokens given', 'tokens drawn'],
      [
        ...conditions.map((each) => [
          each.title,
          formatCount(each.completions),
          formatCount(each.tokensGiven),
          formatCount(each.tokensDrawn),
        ]),
        ['all', '', formatCount(tokensGiven), formatCount(tokensDrawn)],
      ],
    ),
  );
  io.print('');
  io.print(
    formatTable(
      ['GPU', 'sequences at once', 'hours'],
      cost.machines.map(({ name, batch, hours }) => [
        name,
        hours === null ? 'does not fit' : String(batch),
        hours === null ? '' : hours < 0.1 ? 'under 0.1' : hours.toFixed(1),
      ]),
    ),
  );
  io.print('');
  io.print(
    `${formatCount(cost.parameters)} parameters, ${cost.flops.toExponential(2)} FLOPs; hours at half of a GPU's peak in bf16, for an engine that draws so many sequences at once`,
  );
  io.print(`features of ${formatCount(cost.featurePictures)} pictures`);
}
