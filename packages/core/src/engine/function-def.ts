/** Changes a `FunctionDef` (tensorflow/core/framework/function.proto) in its serialised form. */
import { EngineError } from '../errors.ts';
import { bytesField } from './config-proto.ts';

/** Of `FunctionDef`; and of `NodeDef`, where an input `^name` only says that the node `name` comes first. */
const NODE = 3;
const NAME = 1;
const INPUT = 3;

/** The function with each node waiting for the one that `before` has for it, besides what it takes and waits for already. */
export function withOrder(functionDef: Buffer, before: ReadonlyMap<string, string>): Buffer {
  let ordered = 0;
  const parts = fields(functionDef).map(({ field, whole, content }) => {
    const name = field === NODE ? nameOf(content) : undefined;
    const previous = name === undefined ? undefined : before.get(name);
    if (previous === undefined) return whole;
    ordered++;
    return bytesField(NODE, Buffer.concat([content, bytesField(INPUT, `^${previous}`)]));
  });
  if (ordered === before.size) return Buffer.concat(parts);
  throw new EngineError(
    `compile: all ${before.size} ops must keep their names in the function; got ${ordered} of them`,
  );
}

function nameOf(node: Buffer): string | undefined {
  return fields(node)
    .find(({ field }) => field === NAME)
    ?.content.toString();
}

interface Field {
  readonly field: number;
  readonly whole: Buffer;
  readonly content: Buffer;
}

/** The fields of a message that has only such with a length: strings, messages, maps. */
function fields(message: Buffer): Field[] {
  const found: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const start = at;
    const field = varint() >> 3;
    const length = varint();
    at += length;
    found.push({ field, whole: message.subarray(start, at), content: message.subarray(at - length, at) });
  }
  return found;
}
