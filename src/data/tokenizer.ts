import { fields, mismatch, number, oneOf, optional, refuse, show, type Reader } from '../options/options.js';

type Standardization = 'lowerAndStripPunctuation' | 'lower' | 'stripPunctuation' | 'none';

export interface TokenizerOptions {
  /** 'word': what stands between white space. 'character': every code point, white space too. Default 'word'. */
  level?: 'word' | 'character';
  /** What is done to a text before it is split. Default 'lowerAndStripPunctuation'. */
  standardize?: Standardization;
  /** The most ids there may be, padding and unknown included; the rarest tokens fall out. Default: no limit. */
  maxTokens?: number;
  /** The tokens from id 2 on, instead of `fit`; brought to form NFC, as texts are. */
  vocabulary?: readonly string[];
}

/** What `toJSON` gives. */
export interface TokenizerFile {
  readonly kind: 'tokenizer';
  readonly level: 'word' | 'character';
  readonly standardize: Standardization;
  readonly maxTokens: number | null;
  /** The tokens from id 2 on; null before `fit`. */
  readonly vocabulary: readonly string[] | null;
}

/** Ids that are no tokens of a text, and their names, as in Keras. */
const padding = '';
const unknown = '[UNK]';
const [unknownId, special] = [1, 2];

/** All that Unicode calls punctuation, ¿ and ¡ included, and those symbols of ASCII that Keras strips. */
const punctuation = /[\p{P}$+<=>^`|~]/gu;

const levelReader = oneOf(['word', 'character']);
const standardizeReader = oneOf(['lowerAndStripPunctuation', 'lower', 'stripPunctuation', 'none']);
const maxTokensReader = number('an integer of at least 3', (n) => Number.isSafeInteger(n) && n > special);

/**
 * Texts to numbers and back: a vocabulary of words or characters. Ids as those of `keras.layers.TextVectorization`: 0 is padding, 1
 * stands for everything that the vocabulary does not hold, the others go by frequency from 2 on.
 *
 * Texts are brought to Unicode's form NFC first, so that é is one and the same however it was typed. Lower case is that of Unicode,
 * the same in every locale.
 * @example
 * const tokenizer = new Tokenizer().fit(['¿Qué hora es?', 'Es la una.']);
 * tokenizer.encode('¿Es la hora?'); // [2, 5, 6]
 * const x = padSequences(tokenizer.encode(texts), { maxLength: 20, padding: 'post' });
 */
export class Tokenizer {
  readonly #level: 'word' | 'character';
  readonly #standardize: Standardization;
  readonly #maxTokens: number | undefined;
  #tokens: readonly string[] | undefined;
  #ids: ReadonlyMap<string, number> = new Map();

  /** @throws TypeError for an option that is unknown or out of range, or a vocabulary with a token twice. */
  constructor(options: TokenizerOptions = {}) {
    const { level, standardize, maxTokens, vocabulary } = fields(options, 'Tokenizer', {
      level: optional(levelReader, 'word'),
      standardize: optional(standardizeReader, 'lowerAndStripPunctuation'),
      maxTokens: optional(maxTokensReader, undefined),
      vocabulary: optional(vocabularyReader, undefined),
    });
    [this.#level, this.#standardize, this.#maxTokens] = [level, standardize, maxTokens];
    if (vocabulary === undefined) return;
    if (maxTokens !== undefined && vocabulary.length + special > maxTokens) {
      mismatch('Tokenizer: vocabulary', `at most ${maxTokens - special} tokens, as maxTokens says`, vocabulary.length);
    }
    this.#learn(vocabulary);
  }

  /**
   * Reads what `toJSON` gave.
   * @throws TypeError for anything else, naming the field.
   */
  static fromJSON(file: TokenizerFile): Tokenizer {
    const { level, standardize, maxTokens, vocabulary } = fields(file, 'Tokenizer.fromJSON', {
      kind: oneOf(['tokenizer']),
      level: levelReader,
      standardize: standardizeReader,
      maxTokens: orNull(maxTokensReader),
      vocabulary: orNull(vocabularyReader),
    });
    return new Tokenizer({
      level,
      standardize,
      ...(maxTokens === null ? {} : { maxTokens }),
      ...(vocabulary === null ? {} : { vocabulary }),
    });
  }

  /**
   * Makes the vocabulary from texts; one from before is forgotten. The most frequent token comes first; among equally frequent ones
   * the order is that of Keras, Z before A (by UTF-16 code units).
   * @throws TypeError for what is no text, saying which.
   */
  fit(texts: Iterable<string>): this {
    const where = 'Tokenizer: fit';
    const given: unknown = texts;
    if (typeof given !== 'object' || given === null || !(Symbol.iterator in given)) {
      refuse(where, 'an array or an iterable of texts', given);
    }
    const counts = new Map<string, number>();
    let i = 0;
    for (const text of texts) {
      for (const token of this.#split(textOf(text, `${where}: text ${i}`)))
        counts.set(token, (counts.get(token) ?? 0) + 1);
      i++;
    }
    counts.delete(unknown);
    const byFrequency = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? 1 : -1)).map(([token]) => token);
    this.#learn(byFrequency.slice(0, (this.#maxTokens ?? Infinity) - special));
    return this;
  }

  /** How many ids there are, padding and unknown included: the `inputDim` of an Embedding. */
  get size(): number {
    return this.vocabulary.length;
  }

  /** The token of each id; '' is padding, '[UNK]' unknown. */
  get vocabulary(): readonly string[] {
    return [padding, unknown, ...this.#fitted('vocabulary')];
  }

  /**
   * The ids of a text's tokens, or those of each of several texts. An empty text has none.
   * @throws Error before `fit`; TypeError for what is no text.
   */
  encode(text: string): number[];
  encode(texts: readonly string[]): number[][];
  encode(given: string | readonly string[]): number[] | number[][] {
    const where = 'Tokenizer: encode';
    this.#fitted('encode');
    if (typeof given === 'string') return this.#encode(given);
    if (!Array.isArray(given)) refuse(where, 'a text or an array of texts', given);
    return given.map((text: unknown, i) => this.#encode(textOf(text, `${where}: text ${i}`)));
  }

  /**
   * The text of ids: words with a space between them, characters one after the other. Padding is left out, unknown is '[UNK]'.
   * @throws TypeError for a number that is no id.
   */
  decode(ids: ArrayLike<number>): string {
    const where = 'Tokenizer: decode';
    const { vocabulary } = this;
    const given: unknown = ids;
    if (!Array.isArray(given) && !ArrayBuffer.isView(given)) refuse(where, 'an array of ids', given);
    const tokens = Array.from(ids, (id: unknown, i) => {
      const token = typeof id === 'number' ? vocabulary[id] : undefined;
      return token ?? mismatch(where, `ids from 0 to ${vocabulary.length - 1}`, `${show(id)} at ${i}`);
    });
    return tokens.filter((token) => token !== padding).join(this.#level === 'word' ? ' ' : '');
  }

  toJSON(): TokenizerFile {
    return {
      kind: 'tokenizer',
      level: this.#level,
      standardize: this.#standardize,
      maxTokens: this.#maxTokens ?? null,
      vocabulary: this.#tokens ?? null,
    };
  }

  #encode(text: string): number[] {
    return this.#split(text).map((token) => this.#ids.get(token) ?? unknownId);
  }

  #split(text: string): string[] {
    const standard = standardized(text, this.#standardize);
    return this.#level === 'word' ? standard.split(/\s+/u).filter((word) => word !== '') : Array.from(standard);
  }

  #learn(tokens: readonly string[]): void {
    this.#tokens = [...tokens];
    this.#ids = new Map(tokens.map((token, i) => [token, special + i]));
  }

  #fitted(what: string): readonly string[] {
    if (this.#tokens === undefined) throw new Error(`Tokenizer: ${what}: call fit(texts) first, or give a vocabulary`);
    return this.#tokens;
  }
}

function standardized(text: string, how: Standardization): string {
  const lower = how === 'lower' || how === 'lowerAndStripPunctuation' ? text.toLowerCase() : text;
  const kept =
    how === 'stripPunctuation' || how === 'lowerAndStripPunctuation' ? lower.replace(punctuation, '') : lower;
  // Last: a lower-case letter may come as two code points.
  return kept.normalize('NFC');
}

function textOf(value: unknown, where: string): string {
  return typeof value === 'string' ? value : refuse(where, 'a text', value);
}

const vocabularyReader: Reader<readonly string[]> = (value, where) => {
  if (!Array.isArray(value)) return refuse(where, 'an array of tokens', value);
  const seen = new Set<unknown>([padding, unknown]);
  return value.map((token: unknown, i) => {
    // As texts are: in another form it would never be met.
    const text = textOf(token, `${where}[${i}]`).normalize('NFC');
    if (seen.has(text)) mismatch(`${where}[${i}]`, `tokens that differ, without '' and '${unknown}'`, show(text));
    seen.add(text);
    return text;
  });
};

function orNull<T>(reader: Reader<T>): Reader<T | null> {
  return (value, where) => (value === null ? null : reader(value, where));
}
