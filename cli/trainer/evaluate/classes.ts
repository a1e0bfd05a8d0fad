/** `trainer evaluate classes`: where one model is better than another, by the frequency of classes. */
import { z } from 'zod';
import { formatTable } from '../../../base/format.ts';
import type { Correlation } from '../../../evaluation/protocol/classes/correlation.ts';
import { command } from '../../command.ts';

const options = z.object({
  frequencies: z
    .string()
    .describe('Table of classes: lines of a name, a comma and a number')
    .meta({ valueName: 'file', group: 'Pictures' }),
  json: z
    .boolean()
    .default(false)
    .describe('One JSON value per ratio, with the figures of each class'),
});

export const evaluateClasses = command({
  name: 'evaluate classes',
  summary: 'Two evaluations class by class: do their differences follow the frequency of classes?',
  positionals: [
    { name: 'first', description: 'Folder of a finished `evaluate run`' },
    { name: 'second', description: 'Another one, of the same pictures in folders of classes' },
  ],
  options,
  examples: [
    'trainer evaluate classes jpeg vq --frequencies frequencies.csv',
    'trainer evaluate classes jpeg vq --frequencies frequencies.csv --json',
  ],
  notes:
    "The difference is the first model's distance less the second's: a positive correlation says that the first one is better where classes are rare.",
  async run([first, second], { frequencies, json }, io) {
    const { compareClasses } = await import('../../../evaluation/protocol/classes/compare.ts');
    const found = await compareClasses(first, second, {
      frequencies,
      onEvent: (event) => event.type === 'backend' && io.log(event.reason),
    });
    if (json) {
      for (const each of found) io.printJson(each);
      return 0;
    }
    const { distance, tooFew, unknown } = found[0];
    if (tooFew + unknown > 0) {
      io.log(
        `left out: ${tooFew} classes of fewer than two pictures, ${unknown} without a frequency`,
      );
    }
    const line = (title: string, against: string, correlation: Correlation | null) => {
      if (!correlation) return [title, against, '', '', ''];
      const { r, p, n } = correlation;
      return [title, against, String(n), r.toFixed(4), p.toPrecision(3)];
    };
    io.print(`correlation of the difference in ${distance} with the frequency of classes`);
    io.print(
      formatTable(
        ['condition', 'against', 'classes', 'r', 'p'],
        found.flatMap(({ title, frequency, logFrequency }) => [
          line(title, 'frequency', frequency),
          line(title, 'its logarithm', logFrequency),
        ]),
      ),
    );
    return 0;
  },
});
