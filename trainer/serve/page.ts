/**
 * The page at `/`: draw from nothing, or upload a file, choose the share of it that is given, and watch
 * what the model writes appear.
 */

import { formatCount } from '../../base/format.ts';
import { html, htmlPage } from '../../base/html.ts';
import { type Codec, unitOf } from '../../tokenizer/index.ts';

const STYLE = `
#pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 12px; margin-top: 1.5rem }
#pictures img, #pictures video { image-rendering: pixelated; border-radius: 0; width: 100% } #pictures a { font-size: 12px } #status { min-height: 1.5em } [hidden] { display: none !important }
`;

const SCRIPT = `
const by = (id) => document.getElementById(id);
const decode = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const headers = (type) => by('key').value
  ? { 'content-type': type, authorization: 'Bearer ' + by('key').value } : { 'content-type': type };
let stop;

function figure(caption) {
  const box = document.createElement('figure');
  const image = box.appendChild(document.createElement('img'));
  const text = box.appendChild(document.createElement('figcaption'));
  text.textContent = caption;
  by('pictures').append(box);
  let last;
  return { image, text, show(parts, type) {
    const url = URL.createObjectURL(new Blob(parts, { type }));
    image.onload = image.onerror = () => { if (last) URL.revokeObjectURL(last); last = url; };
    image.src = url;
  }, save(parts, type, name) {
    const url = URL.createObjectURL(new Blob(parts, { type }));
    if (type.startsWith('video/')) {
      const film = box.insertBefore(document.createElement('video'), text);
      Object.assign(film, { src: url, controls: true, loop: true, muted: true });
    }
    Object.assign(box.appendChild(document.createElement('a')),
      { href: url, download: name, textContent: 'save ' + name });
  } };
}

async function checked(response) {
  if (response.ok) return response;
  const body = await response.json().catch(() => undefined);
  throw new Error(body?.error?.message ?? response.statusText);
}

async function* events(body) {
  let rest = '';
  for await (const text of stream(body.pipeThrough(new TextDecoderStream()))) {
    const lines = (rest + text).split('\\n\\n');
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith('data: {')) yield JSON.parse(line.slice(6));
    }
  }
}

async function* stream(readable) {
  const reader = readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

// An example for models of any size: a letter in the middle of the picture.
async function example() {
  const { width, height } = by('form').dataset;
  // Few pixels, enlarged without smoothing: small models have seen nothing finer.
  const [small, large] = [[16, Math.round(16 * height / width)], [width, height]].map(([w, h]) =>
    Object.assign(document.createElement('canvas'), { width: w, height: h }));
  const pen = small.getContext('2d');
  pen.fillStyle = '#fff';
  pen.fillRect(0, 0, small.width, small.height);
  Object.assign(pen, { fillStyle: '#0a4db8', font: 'bold ' + small.height + 'px sans-serif', textAlign: 'center' });
  pen.fillText('ABEKPRS'[Math.floor(Math.random() * 7)], small.width / 2, small.height * 0.86);
  // Two colours: what smooths the edges of letters is grey, which small models have not seen either.
  const picture = pen.getImageData(0, 0, small.width, small.height);
  for (let i = 0; i < picture.data.length; i += 4) {
    picture.data.set(picture.data[i] < 128 ? [10, 77, 184] : [255, 255, 255], i);
  }
  pen.putImageData(picture, 0, 0);
  const brush = large.getContext('2d');
  brush.imageSmoothingEnabled = false;
  brush.drawImage(small, 0, 0, large.width, large.height);
  return new Promise((done) => large.toBlob(done, 'image/png'));
}

async function promptOf(source, signal) {
  if (!source) return (await checked(await fetch('api/start', { headers: headers('text/plain'), signal }))).json();
  const upload = await checked(await fetch('api/prompt?ratio=' + by('ratio').value / 100,
    { method: 'POST', body: source, headers: headers('application/octet-stream'), signal }));
  const prompt = await upload.json();
  figure('original').show([decode(prompt.original)], prompt.mime);
  const shown = figure('prompt, ' + prompt.prompt.length + ' tokens');
  if (prompt.shown) shown.show([decode(prompt.shown)], prompt.mime);
  return prompt;
}

// Whole documents as files, each beside its picture.
async function saveAll(prompt, choices, signal) {
  for (const [i, c] of choices.entries()) {
    if (c.state !== '(whole)') continue;
    const body = JSON.stringify({ prompt: prompt.prompt, text: c.drawn });
    const answer = await fetch('api/file', { method: 'POST', body, headers: headers('application/json'), signal });
    if (!answer.ok) { c.text.textContent += ': ' + (await answer.json()).error.message; continue; }
    const { file, mime, extension } = await answer.json();
    c.save([decode(file)], mime, 'drawn-' + (i + 1) + extension);
  }
}

async function run(source, signal) {
  by('pictures').replaceChildren();
  const count = Number(by('count').value);
  const prompt = await promptOf(source, signal);
  const given = prompt.given && decode(prompt.given);
  const choices = Array.from({ length: count }, (_, i) =>
    ({ ...figure('drawn ' + (i + 1)), drawn: '', tokens: 0, state: '', dirty: true }));
  const since = performance.now();
  let tokens = 0;
  const speed = () => {
    const rate = tokens / ((performance.now() - since) / 1000);
    return tokens + ' tokens, ' + rate.toFixed(0) + ' a second';
  };
  // The server draws files that do not grow, one picture of each at a time.
  const picture = (c) => {
    c.asked = Promise.resolve(c.asked).then(async () => {
      if (c.asking !== undefined || c.shownTokens === c.tokens) return;
      c.asking = c.tokens;
      try {
        const body = JSON.stringify({ prompt: prompt.prompt, text: c.drawn });
        const answer = await fetch('api/picture',
          { method: 'POST', body, headers: headers('application/json'), signal });
        // A beginning may have no picture.
        if (!answer.ok) return;
        const { picture, mime } = await answer.json();
        c.show([decode(picture)], mime);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        c.shownTokens = c.asking;
        c.asking = undefined;
      }
    });
  };
  const draw = () => { for (const c of choices) if (c.dirty) {
    c.dirty = false;
    if (given) c.show([given, Uint8Array.from(c.drawn, (each) => each.charCodeAt(0) - 0x2800)], prompt.mime);
    else picture(c);
    c.text.textContent = c.tokens + ' tokens ' + c.state;
    by('status').textContent = 'drawing: ' + speed();
  } };
  draw();
  const timer = setInterval(draw, 250);
  try {
    const body = JSON.stringify({ prompt: prompt.prompt, n: count, stream: true, max_tokens: prompt.room,
      temperature: Number(by('temperature').value), top_p: Number(by('topP').value) });
    const answer = await checked(await fetch('v1/completions',
      { method: 'POST', body, headers: headers('application/json'), signal }));
    for await (const event of events(answer.body)) {
      if (event.error) throw new Error(event.error.message);
      for (const { index, text, finish_reason } of event.choices) {
        const choice = choices[index];
        choice.drawn += text;
        choice.tokens++;
        tokens++;
        choice.state = finish_reason === 'length' ? '(cut off)' : finish_reason ? '(whole)' : '';
        choice.dirty = true;
      }
    }
  } finally {
    clearInterval(timer);
    draw();
  }
  const rate = speed();
  await Promise.all(choices.map((c) => c.asked));
  await saveAll(prompt, choices, signal);
  return rate;
}

async function start(source) {
  stop?.abort();
  stop = new AbortController();
  const { signal } = stop;
  by('status').className = '';
  by('status').textContent = 'drawing …';
  by('stop').hidden = false;
  try {
    const speed = await run(await source, signal);
    by('status').textContent = 'done: ' + speed;
  } catch (error) {
    if (signal.aborted) { by('status').textContent = 'stopped'; return; }
    by('status').className = 'bad';
    by('status').textContent = error.message;
  } finally {
    // Another drawing may have begun meanwhile.
    if (stop.signal === signal) by('stop').hidden = true;
  }
}

const hasFile = () => { for (const each of document.querySelectorAll('.of-file')) each.hidden = !by('file').files[0]; };
by('file').addEventListener('change', hasFile);
hasFile();
by('form').addEventListener('submit', (event) => {
  event.preventDefault();
  start(event.submitter?.id === 'nothing' || !by('file').files[0] ? undefined : by('file').files[0]);
});
by('example')?.addEventListener('click', () => start(example()));
by('stop').addEventListener('click', () => stop?.abort());
by('ratio').addEventListener('input', () => { by('share').textContent = by('ratio').value + ' %'; });
`;

/** What the page says of the server. */
export interface PageFacts {
  /** Name of the served model. */
  name: string;
  codec: Pick<Codec, 'definition' | 'alphabet' | 'width' | 'height'>;
  /** Most tokens of a prompt and its continuation together. */
  maxPositions: number;
  /** Whether requests need a key. */
  needsKey: boolean;
}

/** The page of a served checkpoint: draws from nothing, or goes on with a file of the visitor. */
export function pageOf({ name, codec, maxPositions, needsKey }: PageFacts): string {
  const { definition, alphabet, width, height } = codec;
  const unit = unitOf(alphabet);
  const { noun, documentNoun, title, media, file } = definition;
  const isImage = media === 'images';
  return htmlPage({
    title: `codec-lm: ${name}`,
    style: STYLE,
    script: SCRIPT,
    body: html`<h1>${name}</h1>
<p>A language model that writes documents of ${title}, ${unit} by ${unit}: ${documentNoun}s of ${width}x${height} pixels, in at most
${formatCount(maxPositions)} tokens. It draws from nothing, or is given the beginning of ${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun} and writes the rest.</p>
<form id="form" data-width="${width}" data-height="${height}">
<label>${noun[0].toUpperCase() + noun.slice(1)} <input id="file" type="file" accept="${isImage ? 'image/*' : 'video/*,image/gif'}"></label>
<label class="of-file"><span>Given: <output id="share">50 %</output></span><input id="ratio" type="range" min="0" max="95" value="50"></label>
<label>How many <input id="count" type="number" min="1" max="16" value="4"></label>
<label>Temperature <input id="temperature" type="number" min="0" max="5" step="0.05" value="1"></label>
<label>Top-p <input id="topP" type="number" min="0.01" max="1" step="0.01" value="0.9"></label>
${needsKey ? html`<label>Key <input id="key" type="password" autocomplete="off"></label>` : html`<input id="key" type="hidden">`}
<button class="of-file">Continue</button> <button id="nothing">Draw from nothing</button>
${isImage && html`<button type="button" id="example">Try an example</button>`}
<button type="button" id="stop" hidden>Stop</button>
</form>
<p id="status" role="status"></p><div id="pictures"></div>
<h2>By program</h2>
<p><code>POST v1/completions</code>, as OpenAI's. The text of an answer is the bare document, which
no viewer opens: <code>"response_format": {"type": "image"}</code> brings the file (${file.extension}) as
a data URL beside it. Without <code>max_tokens</code> a request draws 16 tokens, as OpenAI's does; one for a file
draws to its end.</p>`,
  });
}
