import { appendFile, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Files } from '../callbacks/callback.js';

/** Files in Node, Deno and Bun. Stands for `#files` there. */
export const files: Files = {
  read: async (path) => {
    try {
      return new Uint8Array(await readFile(path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  },
  write: async (path, bytes) => {
    await mkdir(dirname(path), { recursive: true });
    // In the same folder, since a rename between file systems is none.
    const temporary = `${path}.${String(process.pid)}.tmp`;
    try {
      const handle = await open(temporary, 'w');
      try {
        await handle.writeFile(bytes);
        // Before the rename: a machine that loses power then has the old file or the new one, not an empty one.
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  },
  append: async (path, bytes) => {
    await mkdir(dirname(path), { recursive: true });
    await appendFile(path, bytes);
  },
  remove: (path) => rm(path, { force: true }),
};
