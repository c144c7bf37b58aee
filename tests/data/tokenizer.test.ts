import { describe, expect, test } from 'vitest';
import { padSequences, Tokenizer } from '../../src/data.js';

test("the example of keras.layers.TextVectorization's documentation", () => {
  const tokenizer = new Tokenizer().fit(['foo', 'bar', 'baz']);
  const ids = tokenizer.encode(['foo qux bar', 'qux baz']);
  expect(padSequences(ids, { maxLength: 4, padding: 'post' }).toArray()).toEqual([
    [2, 1, 4, 0],
    [1, 3, 0, 0],
  ]);
});

test('a vocabulary that is given', () => {
  const tokenizer = new Tokenizer({ vocabulary: ['earth', 'wind', 'and', 'fire'] });
  expect(tokenizer.encode('Earth, wind & fire!')).toEqual([2, 3, 5]);
  expect(tokenizer.vocabulary).toEqual(['', '[UNK]', 'earth', 'wind', 'and', 'fire']);
  expect(tokenizer.size).toBe(6);
});

test('words go by frequency, then as Keras has them, Z before A', () => {
  expect(new Tokenizer().fit(['b a c', 'c b', 'c']).vocabulary).toEqual(['', '[UNK]', 'c', 'b', 'a']);
  expect(new Tokenizer().fit(['x y z']).vocabulary.slice(2)).toEqual(['z', 'y', 'x']);
});

test('maxTokens counts padding and unknown; the rarest fall out', () => {
  const tokenizer = new Tokenizer({ maxTokens: 4 }).fit(['a a a b b c']);
  expect(tokenizer.vocabulary).toEqual(['', '[UNK]', 'a', 'b']);
  expect(tokenizer.encode('a b c')).toEqual([2, 3, 1]);
});

test("the example of the class's own documentation", () => {
  const tokenizer = new Tokenizer().fit(['¿Qué hora es?', 'Es la una.']);
  expect(tokenizer.encode('¿Es la hora?')).toEqual([2, 5, 6]);
});

test('another fit forgets the first', () => {
  expect(new Tokenizer().fit(['a']).fit(['b']).encode('a b')).toEqual([1, 2]);
});

describe('Unicode', () => {
  test('Spanish words keep their accents and lose their punctuation', () => {
    const tokenizer = new Tokenizer().fit(['¿Qué tal, señor Ibáñez?', '¡Él qué sabrá!', '«Ñu» — pingüino…']);
    expect(tokenizer.vocabulary.slice(2).toSorted()).toEqual(
      ['qué', 'tal', 'señor', 'ibáñez', 'él', 'sabrá', 'ñu', 'pingüino'].toSorted(),
    );
    expect(tokenizer.decode(tokenizer.encode('QUÉ PINGÜINO'))).toBe('qué pingüino');
  });

  test('an accent is the same in one code point and in two', () => {
    const [composed, decomposed] = ['canción', 'canción'.normalize('NFD')];
    expect(composed).not.toBe(decomposed);
    const tokenizer = new Tokenizer().fit([decomposed, composed]);
    expect(tokenizer.size).toBe(3);
    expect(tokenizer.encode([composed, decomposed])).toEqual([[2], [2]]);
    const characters = new Tokenizer({ level: 'character', standardize: 'none' }).fit([decomposed]);
    expect(characters.encode('ó')).toEqual(characters.encode('ó'.normalize('NFD')));
  });

  test('a vocabulary that is given is met in whichever form it came', () => {
    const [composed, decomposed] = ['canción', 'canción'.normalize('NFD')];
    const given = new Tokenizer({ vocabulary: [decomposed] });
    const read = Tokenizer.fromJSON({ ...given.toJSON(), vocabulary: [decomposed] });
    for (const tokenizer of [given, read]) {
      expect(tokenizer.encode([composed, decomposed])).toEqual([[2], [2]]);
      expect(tokenizer.vocabulary[2]).toBe(composed);
    }
    expect(() => new Tokenizer({ vocabulary: [composed, decomposed] })).toThrow(
      "Tokenizer: vocabulary[1]: expected tokens that differ, without '' and '[UNK]', got 'canción'",
    );
  });

  test('a character is a code point, not half of one', () => {
    const tokenizer = new Tokenizer({ level: 'character' }).fit(['😀a😀']);
    expect(tokenizer.vocabulary).toEqual(['', '[UNK]', '😀', 'a']);
  });

  test('all white space separates words', () => {
    expect(new Tokenizer().fit(['a\tb\u00a0c\n d ']).size).toBe(6);
  });
});

test.each([
  ['lowerAndStripPunctuation', ['dont', 'stop']],
  ['lower', ["don't", 'stop!']],
  ['stripPunctuation', ['Dont', 'STOP']],
  ['none', ["Don't", 'STOP!']],
] as const)('standardize: %s', (standardize, words) => {
  const tokenizer = new Tokenizer({ standardize }).fit(["Don't STOP!"]);
  expect(tokenizer.vocabulary.slice(2).toSorted()).toEqual(words.toSorted());
});

test('all ASCII punctuation that Keras strips is stripped', () => {
  expect(new Tokenizer().fit(['!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\'']).vocabulary).toEqual(['', '[UNK]']);
});

test('characters go there and back, spaces too', () => {
  const tokenizer = new Tokenizer({ level: 'character', standardize: 'none' }).fit(['El niño. Él.']);
  expect(tokenizer.decode(tokenizer.encode('El niño. Él.'))).toBe('El niño. Él.');
});

test('decode leaves padding out and shows what is unknown', () => {
  const tokenizer = new Tokenizer({ vocabulary: ['a', 'b'] });
  expect(tokenizer.decode([0, 0, 2, 1, 3])).toBe('a [UNK] b');
  expect(tokenizer.decode(new Float32Array([3, 0]))).toBe('b');
  expect(tokenizer.decode([])).toBe('');
});

test('the name of what is unknown, in a text, is unknown', () => {
  const tokenizer = new Tokenizer({ standardize: 'none' }).fit(['[UNK] a']);
  expect(tokenizer.vocabulary).toEqual(['', '[UNK]', 'a']);
  expect(tokenizer.encode('[UNK]')).toEqual([1]);
});

test('names of Object.prototype are words like others', () => {
  const tokenizer = new Tokenizer().fit(['constructor']);
  expect(tokenizer.encode('constructor tostring __proto__')).toEqual([2, 1, 1]);
});

test('nothing to learn from leaves padding and unknown', () => {
  for (const texts of [[], [''], [' ', '?!']]) expect(new Tokenizer().fit(texts).size).toBe(2);
  expect(new Tokenizer().fit([]).encode('a')).toEqual([1]);
  expect(new Tokenizer().fit([]).encode([])).toEqual([]);
  expect(new Tokenizer().fit(['a']).encode('')).toEqual([]);
});

test('JSON text brings back the same tokenizer', () => {
  const text = JSON.stringify(new Tokenizer({ level: 'character', maxTokens: 9 }).fit(['ábaco']));
  const again = Tokenizer.fromJSON(JSON.parse(text) as ReturnType<Tokenizer['toJSON']>);
  expect(JSON.stringify(again)).toBe(text);
  expect(again.encode('á')).toEqual(new Tokenizer({ level: 'character', maxTokens: 9 }).fit(['ábaco']).encode('á'));
  const blank = Tokenizer.fromJSON(new Tokenizer().toJSON());
  expect(() => blank.encode('a')).toThrow('call fit(texts) first');
});

const fitted = new Tokenizer().fit(['a']);
const file = fitted.toJSON();

test.each<[string, () => unknown, string]>([
  [
    'encode before fit',
    () => new Tokenizer().encode('a'),
    'Tokenizer: encode: call fit(texts) first, or give a vocabulary',
  ],
  ['decode before fit', () => new Tokenizer().decode([2]), 'Tokenizer: vocabulary: call fit(texts) first'],
  ['a single text', () => fitted.fit('abc'), "Tokenizer: fit: expected an array or an iterable of texts, got 'abc'"],
  ['a number among texts', () => fitted.fit(['a', 5 as never]), 'Tokenizer: fit: text 1: expected a text, got 5'],
  ['no text', () => fitted.encode(5 as never), 'Tokenizer: encode: expected a text or an array of texts, got 5'],
  ['null', () => fitted.encode([null as never]), 'Tokenizer: encode: text 0: expected a text, got null'],
  ['an id too large', () => fitted.decode([2, 3]), 'Tokenizer: decode: expected ids from 0 to 2, got 3 at 1'],
  ['half an id', () => fitted.decode([0.5]), 'Tokenizer: decode: expected ids from 0 to 2, got 0.5 at 0'],
  ['ids of text', () => fitted.decode('2' as never), "Tokenizer: decode: expected an array of ids, got '2'"],
  ['level', () => new Tokenizer({ level: 'char' as never }), "Tokenizer: level: expected one of 'word', 'character'"],
  [
    'maxTokens',
    () => new Tokenizer({ maxTokens: 2 }),
    'Tokenizer: maxTokens: expected an integer of at least 3, got 2',
  ],
  [
    'a token twice',
    () => new Tokenizer({ vocabulary: ['a', 'a'] }),
    "Tokenizer: vocabulary[1]: expected tokens that differ, without '' and '[UNK]', got 'a'",
  ],
  [
    'too many tokens',
    () => new Tokenizer({ vocabulary: ['a', 'b'], maxTokens: 3 }),
    'Tokenizer: vocabulary: expected at most 1 tokens, as maxTokens says, got 2',
  ],
  ['an unknown option', () => new Tokenizer({ numWords: 5 } as never), 'Tokenizer: unknown option "numWords"'],
  [
    'a file of text',
    () => Tokenizer.fromJSON('{}' as never),
    "Tokenizer.fromJSON: expected an object of options, got '{}'",
  ],
  [
    'another kind of file',
    () => Tokenizer.fromJSON({ ...file, kind: 'scaler' as never }),
    "Tokenizer.fromJSON: kind: expected one of 'tokenizer', got 'scaler'",
  ],
  [
    'a field that lacks',
    () => Tokenizer.fromJSON({ ...file, vocabulary: undefined as never }),
    'Tokenizer.fromJSON: vocabulary: expected an array of tokens, got undefined',
  ],
])('refuses %s', (_, act, message) => {
  expect(act).toThrow(message);
});
