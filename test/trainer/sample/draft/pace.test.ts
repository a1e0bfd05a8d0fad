/** How many tokens are proposed, on machines whose times are made up. */
import test from 'ava';
import { Pace } from '../../../../trainer/sample/draft/pace.ts';

interface Machine {
  /** Milliseconds of a step of the model, and for each row more. */
  step: number;
  row: number;
  /** Milliseconds of a step of the draft. */
  draft: number;
  /** How often it is right. */
  right: number;
}

/** @returns tokens that were proposed in each step */
function drive({ step, row, draft, right }: Machine, steps: number): number[] {
  let now = 0;
  const pace = new Pace(undefined, () => now);
  return Array.from({ length: steps }, (_, i) => {
    const most = pace.begin(1, false);
    let [proposed, hope] = [0, 1];
    while (proposed < most) {
      now += draft;
      pace.drafted(1, draft);
      const chance = pace.chance(right);
      if (!pace.pays(proposed, hope, chance)) break;
      hope *= chance;
      proposed++;
    }
    pace.proposed();
    now += step + row * proposed;
    // Right for a while, then wrong, as often as the machine says.
    let accepted = 0;
    while (accepted < proposed && (i * 7 + accepted * 3) % 100 < 100 * right) {
      pace.learn(right, true);
      accepted++;
    }
    if (accepted < proposed) pace.learn(right, false);
    pace.end(1 + proposed, 1 + accepted);
    return proposed;
  });
}

const mean = (numbers: readonly number[]) =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

test('a large model gets many proposals, a draft as slow as the model none but trials', (t) => {
  const large = drive({ step: 100, row: 2, draft: 1, right: 0.9 }, 400).slice(200);
  t.true(mean(large) > 4, `${mean(large)}`);
  const slow = drive({ step: 1, row: 0.1, draft: 1, right: 0.9 }, 400).slice(200);
  t.true(mean(slow) < 0.5, `${mean(slow)}`);
});

test('rows that cost, and a draft that is seldom right, make proposals fewer', (t) => {
  const [cheap, dear] = [2, 30].map((row) =>
    mean(drive({ step: 100, row, draft: 1, right: 0.7 }, 400).slice(200)),
  );
  t.true(dear < cheap, `${dear} and ${cheap}`);
  const seldom = mean(drive({ step: 100, row: 30, draft: 1, right: 0.1 }, 400).slice(200));
  t.true(seldom < 0.7, `${seldom}`);
});

test('a number that is given is what is proposed', (t) => {
  const pace = new Pace(3);
  for (const isPrompting of [false, true]) {
    t.is(pace.begin(2, isPrompting), 3);
    t.true(pace.pays(2, 0, 0));
  }
});
