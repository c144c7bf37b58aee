// The script of the page that Chromium opens. The driver calls what it puts into the global scope.
import { compute } from '../spec.ts';
import { train } from '../training.ts';

globalThis.computeInPage = compute;
globalThis.trainInPage = train;

/** Twice in an AudioWorklet: in the processor's constructor and in the audio callback. */
globalThis.computeInWorklet = async () => {
  const context = new OfflineAudioContext({ numberOfChannels: 1, length: 256, sampleRate: 48_000 });
  await context.audioWorklet.addModule('worklet.js');
  const node = new AudioWorkletNode(context, 'conformance');
  node.connect(context.destination);
  const message = new Promise((resolve) => (node.port.onmessage = ({ data }) => resolve(data)));
  await context.startRendering();
  return message;
};
