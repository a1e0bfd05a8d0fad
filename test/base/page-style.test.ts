/** Colours of the pages: legible in light and dark (WCAG 2.2, AA: 4.5 for text, 3 for lines). */
import test from 'ava';
import { PAGE_STYLE } from '../../base/page-style.ts';

/** The variables of the light scheme, and those of the dark one. */
const schemes = [...PAGE_STYLE.matchAll(/:root \{([^}]*)\}/g)].map(([, rules]) =>
  Object.fromEntries(
    [...rules.matchAll(/--([\w-]+): (#[\da-f]{3,6})/g)].map(([, name, colour]) => [name, colour]),
  ),
);

/** Relative luminance (WCAG 2.2). */
function luminance(colour: string): number {
  const digits = colour.length === 4 ? colour.slice(1).replace(/./g, '$&$&') : colour.slice(1);
  const [red, green, blue] = [0, 2, 4].map((at) => {
    const value = Number.parseInt(digits.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const TEXTS = [
  ...['ink', 'soft', 'accent', 'bad'].map((name) => [name, 'page']),
  ...['ink', 'soft'].map((name) => [name, 'card']),
  ['on-accent', 'accent'],
];
const LINES = ['accent', 'second', 'third'].map((name) => [name, 'page']);

test('contrast of black on white, and of the grey that just passes', (t) => {
  t.is(contrast('#000', '#fff'), 21);
  t.is(contrast('#767676', '#ffffff').toFixed(2), '4.54');
});

test('texts and lines stand out from what is below them, in light and in dark', (t) => {
  t.is(schemes.length, 2);
  for (const scheme of schemes) {
    for (const [pairs, least] of [
      [TEXTS, 4.5],
      [LINES, 3],
    ] as const) {
      for (const [upper, lower] of pairs) {
        const found = contrast(scheme[upper], scheme[lower]);
        t.true(found >= least, `${upper} on ${lower}: ${found.toFixed(2)}`);
      }
    }
  }
});
