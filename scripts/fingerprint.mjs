// Whether a build step's outputs still belong to its inputs, by content: a time stamp changes with every clone and
// checkout, and `npm test` should compile nothing that has been compiled before.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

/**
 * Every file below the given files and folders, sorted, so that the fingerprint does not depend on the file system.
 * @param {readonly string[]} paths
 * @returns {string[]}
 */
export function filesBelow(paths) {
  const files = paths.flatMap((path) => {
    if (!statSync(path).isDirectory()) return [path];
    return filesBelow(readdirSync(path).map((name) => join(path, name)));
  });
  return files.sort();
}

/**
 * @param {readonly string[]} paths files and folders whose names and contents count
 * @param {readonly string[]} facts anything else that counts, such as versions
 * @returns {string}
 */
export function fingerprint(paths, facts = []) {
  const hash = createHash('sha256');
  for (const file of filesBelow(paths)) {
    const bytes = readFileSync(file);
    hash.update(`${file.split(sep).join('/')}\0${String(bytes.length)}\0`).update(bytes);
  }
  return hash.update(facts.join('\0')).digest('hex');
}

/**
 * @param {string} stamp file that holds the fingerprint of the last successful run
 * @param {string} current
 * @param {readonly string[]} outputs
 * @returns {boolean}
 */
export function isUpToDate(stamp, current, outputs) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === current && outputs.every((path) => existsSync(path));
}

/**
 * @param {string} stamp
 * @param {string} current
 */
export function writeStamp(stamp, current) {
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, current);
}
