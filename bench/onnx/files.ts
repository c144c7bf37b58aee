import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Writes a model to bench/build/onnx/, where other programs can look at it, and gives its path. */
export async function writeOnnxFile(name: string, bytes: Uint8Array): Promise<string> {
  const slug = name.replace(/[^a-z0-9]+/gi, '-');
  const path = fileURLToPath(new URL(`../build/onnx/${slug}.onnx`, import.meta.url));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  return path;
}
