import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import { testDatabase } from './database.js';

/** The columns of each table, `name type` with a `?` where null is allowed, in the order of their names. */
export type Tables = Record<string, string[]>;

const SCALARS: Record<string, string> = {
  String: 'text',
  Int: 'int4',
  BigInt: 'int8',
  Boolean: 'bool',
  DateTime: 'timestamptz',
  Json: 'jsonb',
  Bytes: 'bytea',
};
const NATIVE: Record<string, string> = { Json: 'json', SmallInt: 'int2', Uuid: 'uuid', Timestamptz: 'timestamptz' };

function columnOf(line: string): string | undefined {
  const field = /^(\w+)\s+(\w+)(\[\])?(\?)?(.*)$/.exec(line);
  const scalar = SCALARS[field?.[2] ?? ''];
  if (!field || !scalar) return undefined; // a relation, an attribute or a comment
  const [, name, , list = '', nullable = '', attributes = ''] = field;
  const native = /@db\.(\w+)/.exec(attributes)?.[1];
  const type = native === undefined ? scalar : NATIVE[native];
  if (type === undefined) throw new Error(`no Postgres type is known for @db.${native}`);
  return `${/@map\("(\w+)"\)/.exec(attributes)?.[1] ?? name} ${list ? '_' : ''}${type}${nullable}`;
}

function tableOf(body: string): [string, string[]] {
  const lines = body.split('\n').map((line) => line.trim());
  const table = /@@map\("(\w+)"\)/.exec(body)?.[1];
  if (table === undefined) throw new Error(`a model without @@map: ${lines.join(' ')}`);
  return [table, lines.flatMap((line) => columnOf(line) ?? []).toSorted()];
}

/** The tables that a `schema.prisma` describes: models with @@map, of scalar fields. */
export async function tablesOfPrismaSchema(file: string): Promise<Tables> {
  const text = await readFile(file, 'utf8');
  return Object.fromEntries([...text.matchAll(/^model \w+ \{\n(.*?)^\}/gms)].map(([, body = '']) => tableOf(body)));
}

/** The tables of a database, in the same form. */
export async function tablesOfDatabase(url: string): Promise<Tables> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ table_name: string; column: string }>(
      `SELECT table_name, column_name || ' ' || udt_name || CASE is_nullable WHEN 'YES' THEN '?' ELSE '' END AS column
       FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1`,
    );
    const tables: Tables = {};
    for (const { table_name: table, column } of rows) (tables[table] ??= []).push(column);
    for (const columns of Object.values(tables)) columns.sort();
    return tables;
  } finally {
    await client.end();
  }
}

/** The tables that the migrations in a folder make, in the same form. */
export async function tablesOfMigrations(migrations: string | readonly string[]): Promise<Tables> {
  const database = await testDatabase({ migrations });
  try {
    return await tablesOfDatabase(database.url);
  } finally {
    await database.drop();
  }
}
