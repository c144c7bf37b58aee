import type { Files } from '../callbacks/callback.js';

/** Where there is no file system: browsers, workers, edge runtimes. Stands for `#files` there. */
export const files: Files = {
  read: refuse,
  write: refuse,
  append: refuse,
  remove: refuse,
};

function refuse(path: string): Promise<never> {
  return Promise.reject(
    new Error(`"${path}": this runtime has no file system; model.toSafetensors() gives the bytes to keep elsewhere`),
  );
}
