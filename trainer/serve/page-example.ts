/**
 * A part of the page's script: examples for those who have no file at hand. They are made in the
 * browser, of few pixels and plain colours: small models have seen nothing finer.
 */
export const EXAMPLE_SCRIPT = `
const example = () => by('form').dataset.media === 'videos' ? movingLetter() : letter();

function canvas(width, height) {
  const made = Object.assign(document.createElement('canvas'), { width, height });
  return [made, made.getContext('2d', { willReadFrequently: true })];
}

// A letter in the middle of the picture.
async function letter() {
  const { width, height } = by('form').dataset;
  const [small, pen] = canvas(16, Math.round(16 * height / width));
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
  const [large, brush] = canvas(width, height);
  brush.imageSmoothingEnabled = false;
  brush.drawImage(small, 0, 0, large.width, large.height);
  return new Promise((done) => large.toBlob(done, 'image/png'));
}

// A letter that moves to the right by two pixels a frame, as YUV4MPEG2: a header and bare frames.
function movingLetter() {
  const [width, height] = [Number(by('form').dataset.width), Number(by('form').dataset.height)];
  const [frames, step] = [18, 2];
  const [screen, pen] = canvas(width, height);
  const name = 'ABEKPRS'[Math.floor(Math.random() * 7)];
  const file = ['YUV4MPEG2 W' + width + ' H' + height + ' F3:1 Ip A1:1 C420jpeg\\n'];
  for (let frame = 0; frame < frames; frame++) {
    pen.fillStyle = '#fff';
    pen.fillRect(0, 0, width, height);
    Object.assign(pen, { fillStyle: '#0a4db8', font: 'bold ' + Math.round(height * 0.8) + 'px sans-serif' });
    pen.fillText(name, Math.round(width * 0.1) + step * frame, Math.round(height * 0.8));
    file.push('FRAME\\n', yuvOf(pen.getImageData(0, 0, width, height)));
  }
  return new Blob(file);
}

// ITU-R BT.601, limited range; of four pixels the colour of the first.
function yuvOf({ data, width, height }) {
  const [wide, high] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const planes = new Uint8Array(width * height + 2 * wide * high);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const [r, g, b] = data.subarray(4 * (y * width + x));
    planes[y * width + x] = 16 + (65.5 * r + 128.6 * g + 25 * b) / 255;
    if (y % 2 || x % 2) continue;
    const at = width * height + (y / 2) * wide + x / 2;
    planes[at] = 128 + (-37.8 * r - 74.2 * g + 112 * b) / 255;
    planes[at + wide * high] = 128 + (112 * r - 93.8 * g - 18.2 * b) / 255;
  }
  return planes;
}
`;
