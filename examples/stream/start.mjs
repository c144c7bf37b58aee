// npm run example:stream                          two starts: up to the end of 2001, and from there to the end
// npm run example:stream -- --until 2000-06-30    one start: from where the last one stopped to that day
// npm run example:stream -- --until end           the same to the end of the series
// The series is the package of package.json, which is installed on the first run.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from '../../scripts/run.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));
const program = 'examples/stream/main.ts';
const programArguments = process.argv.slice(2);

if (!existsSync(`${folder}/node_modules/.package-lock.json`)) {
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: folder,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the series of examples/stream/package.json could not be installed');
}

if (programArguments.length > 0) {
  process.exitCode = await run(program, programArguments);
} else {
  // Two processes, one after the other: nothing but the files in output/ goes from the first to the second.
  process.exitCode = (await run(program, ['--until', '2001-12-31'])) || (await run(program, []));
}
