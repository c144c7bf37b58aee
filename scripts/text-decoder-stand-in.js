// What dist/ puts in the place of the global TextDecoder in @assemblyscript/loader. The loader constructs one as soon as
// it is loaded, and an AudioWorklet has none: its processor would silently not be registered (seen in Chromium).
// bucle exchanges numbers with its modules, never strings; should the loader decode one all the same, it catches this
// error and takes the way it has for text that the real decoder refuses.
export class TextDecoder {
  decode() {
    throw new TypeError('no TextDecoder here');
  }
}
