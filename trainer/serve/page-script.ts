/** The script of the page at `/`. The browser runs it as it stands, without a build. */
import { EXAMPLE_SCRIPT } from './page-example.ts';

export const PAGE_SCRIPT = `
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
      Object.assign(film, { src: url, controls: true, loop: true, muted: true, autoplay: true });
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
    return tokens + ' tokens, ' + rate.toFixed(0) + ' per second';
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
  const progress = () => {
    const ended = choices.filter((c) => c.state).length;
    if (ended > 0) by('progress').value = ended / count;
    by('status').textContent = 'drawing: ' + (count > 1 ? ended + ' of ' + count + ' ended, ' : '') + speed();
  };
  const draw = () => { progress(); for (const c of choices) if (c.dirty) {
    c.dirty = false;
    if (given) c.show([given, Uint8Array.from(c.drawn, (each) => each.charCodeAt(0) - 0x2800)], prompt.mime);
    else picture(c);
    c.text.textContent = c.tokens + ' tokens ' + c.state;
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
  by('stop').hidden = by('progress').hidden = false;
  by('progress').removeAttribute('value');
  try {
    const speed = await run(await source, signal);
    by('status').textContent = 'done: ' + speed;
  } catch (error) {
    if (signal.aborted) { by('status').textContent = 'stopped'; return; }
    by('status').className = 'bad';
    by('status').textContent = error.message;
  } finally {
    // Another drawing may have begun meanwhile.
    if (stop.signal === signal) by('stop').hidden = by('progress').hidden = true;
  }
}

const hasFile = () => {
  const isThere = Boolean(by('file').files[0]);
  for (const each of document.querySelectorAll('.of-file')) each.hidden = !isThere;
  by('nothing').classList.toggle('main', !isThere);
};
by('file').addEventListener('change', hasFile);
hasFile();
by('form').addEventListener('submit', (event) => {
  event.preventDefault();
  start(event.submitter?.id === 'nothing' || !by('file').files[0] ? undefined : by('file').files[0]);
});
by('example').addEventListener('click', () => start(example()));
by('stop').addEventListener('click', () => stop?.abort());
by('ratio').addEventListener('input', () => { by('share').textContent = by('ratio').value + ' %'; });
${EXAMPLE_SCRIPT}`;
