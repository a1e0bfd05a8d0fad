/** The page at `/`: upload an image, choose how much of it is given, watch continuations appear. */
import { html, htmlPage } from '../../base/html.ts';

const STYLE = `
#pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 12px; margin-top: 1.5rem }
#pictures img { image-rendering: pixelated; border-radius: 0 } #status { min-height: 1.5em }
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
  return { image, text, show(parts) {
    const url = URL.createObjectURL(new Blob(parts, { type: 'image/jpeg' }));
    image.onload = image.onerror = () => { if (last) URL.revokeObjectURL(last); last = url; };
    image.src = url;
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

async function run(signal) {
  by('pictures').replaceChildren();
  const file = by('file').files[0];
  const ratio = by('ratio').value / 100;
  const count = Number(by('count').value);
  const upload = await checked(await fetch('api/prompt?ratio=' + ratio,
    { method: 'POST', body: file, headers: headers('application/octet-stream'), signal }));
  const prompt = await upload.json();
  const given = decode(prompt.given);
  figure('original').show([decode(prompt.original)]);
  figure('prompt, ' + prompt.prompt.length + ' tokens').show([decode(prompt.shown)]);
  const choices = Array.from({ length: count }, (_, i) =>
    ({ ...figure('continuation ' + (i + 1)), bytes: [], tokens: 0, state: '', dirty: true }));
  const since = performance.now();
  let tokens = 0;
  const speed = () => {
    const rate = tokens / ((performance.now() - since) / 1000);
    return tokens + ' tokens, ' + rate.toFixed(0) + ' a second';
  };
  const draw = () => { for (const c of choices) if (c.dirty) {
    c.dirty = false;
    c.show([given, Uint8Array.from(c.bytes)]);
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
        for (const c of text) choice.bytes.push(c.charCodeAt(0) - 0x2800);
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
  return speed();
}

by('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  stop?.abort();
  stop = new AbortController();
  const { signal } = stop;
  by('status').className = '';
  by('status').textContent = 'drawing …';
  try {
    const speed = await run(signal);
    by('status').textContent = 'done: ' + speed;
  } catch (error) {
    if (signal.aborted) { by('status').textContent = 'stopped'; return; }
    by('status').className = 'bad';
    by('status').textContent = error.message;
  }
});
by('stop').addEventListener('click', () => stop?.abort());
by('ratio').addEventListener('input', () => { by('share').textContent = by('ratio').value + ' %'; });
`;

export const PAGE = htmlPage({
  title: 'codec-lm: continue an image',
  style: STYLE,
  script: SCRIPT,
  body: html`<h1>Continue an image</h1>
<p>The model is given the first rows of an image as bytes of a JPEG file and writes the rest.</p>
<form id="form">
<label>Image <input id="file" type="file" accept="image/*" required></label>
<label><span>Given: <output id="share">50 %</output></span><input id="ratio" type="range" min="0" max="95" value="50"></label>
<label>Continuations <input id="count" type="number" min="1" max="16" value="4"></label>
<label>Temperature <input id="temperature" type="number" min="0" max="5" step="0.05" value="1"></label>
<label>Top-p <input id="topP" type="number" min="0.01" max="1" step="0.01" value="0.9"></label>
<label>Key, if asked for <input id="key" type="password" autocomplete="off"></label>
<button>Continue</button> <button type="button" id="stop">Stop</button>
</form>
<p>By program: <code>POST v1/completions</code>. The text of its answers is the bare document, which
no viewer has to open: <code>"response_format": {"type": "image"}</code> brings the file as
a data URL beside it. Without <code>max_tokens</code> a request draws 16 tokens, as OpenAI's does; one for a file
draws to its end.</p>
<p id="status" role="status"></p><div id="pictures"></div>`,
});
