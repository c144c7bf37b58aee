// Runs on the audio thread, where there is neither TextDecoder nor performance, timers, URL, fetch or crypto.
import { compute } from '../spec.ts';

/** Errors are handed on: the audio thread would swallow them. */
function attempt() {
  try {
    return { outcome: compute() };
  } catch (error) {
    return { error: error.stack };
  }
}

class Conformance extends AudioWorkletProcessor {
  #constructed = attempt();

  process() {
    this.port.postMessage({ constructed: this.#constructed, called: attempt() });
    return false;
  }
}

registerProcessor('conformance', Conformance);
