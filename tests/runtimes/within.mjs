/**
 * Fails when a promise takes too long.
 * @template T
 * @param {number} timeout in milliseconds
 * @param {string} what for the error
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
export async function within(timeout, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${timeout / 1000} s`)), timeout);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
