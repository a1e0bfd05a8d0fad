/** The page of a comparison: a row of figures for each codec, and all pictures side by side. */
import { basename } from 'node:path';
import { type Html, html, htmlPage, htmlTable, inlineImage } from '../../base/html.ts';
import { pngOf, type Raster } from '../codecs/pictures/heat.ts';
import { type ComparedPicture, GAIN, type RoundTrip } from './compare.ts';

const STYLE = `
.trips { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 16px 28px; margin: .4rem 0 2rem }
.trip { display: grid; grid-template-columns: repeat(3, 1fr); gap: 4px } .trip figcaption { grid-column: 1 / -1 } .trip img + img { margin: 0 }
.trip span { font-size: 12.5px; color: var(--soft) } .trip img { image-rendering: pixelated }
`;

export interface CodecMeans {
  codec: string;
  pictures: number;
  symbols: number;
  bits: number;
  psnr: number;
  ssim: number;
}

/** Means over the pictures, in the order of the codecs. */
export function meansOf(pictures: readonly ComparedPicture[]): CodecMeans[] {
  const names = pictures[0]?.trips.map(({ codec }) => codec) ?? [];
  return names.map((codec, c) => {
    const trips = pictures.map((picture) => picture.trips[c]);
    const mean = (of: (trip: RoundTrip) => number) =>
      trips.reduce((sum, trip) => sum + of(trip), 0) / trips.length;
    return {
      codec,
      pictures: trips.length,
      symbols: mean((trip) => trip.symbols),
      bits: mean((trip) => trip.bits),
      psnr: mean((trip) => trip.psnr),
      ssim: mean((trip) => trip.ssim),
    };
  });
}

export async function comparisonPage(pictures: readonly ComparedPicture[]): Promise<string> {
  const means = meansOf(pictures);
  const shown = await Promise.all(pictures.map(pictureOf));
  return htmlPage({
    title: `What ${means.length} codecs keep of ${pictures.length} pictures`,
    style: STYLE,
    body: html`<h1>What ${means.length} codecs keep of ${pictures.length} pictures</h1>
<p class="lead">Each picture as a codec was given it, as it comes back, and the difference ${GAIN} times as large (grey:
nothing is lost).</p>
<p>Bits are those of a document without a model: symbols times the logarithm of the alphabet. PSNR and SSIM: higher is nearer
to what was given.</p>
${htmlTable(
  ['codec', 'symbols', 'bits', 'PSNR, dB', 'SSIM'],
  means.map(({ codec, ...row }) => [codec, ...figuresOf(row)]),
)}
${shown}`,
  });
}

async function pictureOf({ path, trips }: ComparedPicture): Promise<Html> {
  const figures = await Promise.all(trips.map(tripOf));
  return html`<h2 title="${path}">${basename(path)}</h2><div class="trips">${figures}</div>`;
}

async function tripOf(trip: RoundTrip): Promise<Html> {
  const [symbols, bits, psnr, ssim] = figuresOf(trip);
  const image = async (raster: Raster, what: string) =>
    inlineImage('image/png', await pngOf(raster), `${trip.codec}: ${what}`);
  return html`<figure class="trip">
<span>original</span><span>given back</span><span>difference</span>
${await image(trip.original, 'original')}${await image(trip.returned, 'given back')}${await image(trip.difference, 'difference')}
<figcaption><b>${trip.codec}</b>${symbols} symbols, ${bits} bits, ${psnr} dB, SSIM ${ssim}</figcaption></figure>`;
}

function figuresOf({
  symbols,
  bits,
  psnr,
  ssim,
}: Omit<CodecMeans, 'codec' | 'pictures'>): string[] {
  const count = (value: number) => Math.round(value).toLocaleString('en-US');
  return [count(symbols), count(bits), psnr.toFixed(2), Number.isNaN(ssim) ? '–' : ssim.toFixed(3)];
}
