import { Config as Adapter } from '@vmdns/adapter-host';
import { BaseConfig, isSecretVariable } from '@vmdns/chassis';
import { Environment as Cli } from '@vmdns/cli';
import { Config as Gateway } from '@vmdns/gateway';
import { Config as Inventory } from '@vmdns/inventory';
import { Config as Log } from '@vmdns/log';
import { Config as Planner } from '@vmdns/planner';
import { z } from 'zod';

/** One variable of one program, as its schema says it. */
export interface SchemaVariable {
  readonly name: string;
  readonly type: string;
  /** As text; undefined: it has none. */
  readonly preset: string | undefined;
  readonly isRequired: boolean;
  readonly isSecret: boolean;
  readonly meaning: string;
}

interface JsonSchema { readonly type?: unknown; readonly enum?: readonly unknown[]; readonly minimum?: number; readonly maximum?: number }

/** The programs that read their environment by a schema; `base` is what all services read. */
export const PROGRAMS: Readonly<Record<'base' | 'gateway' | 'inventory' | 'planner' | 'log' | 'adapter' | 'cli', z.ZodObject>> = {
  base: BaseConfig, gateway: Gateway, inventory: Inventory, planner: Planner, log: Log, adapter: Adapter, cli: Cli,
};
export type Program = keyof typeof PROGRAMS;

/** The variables of a program, in the order of its schema; without those of `base`, except for base itself and the CLI. */
export function variablesOf(program: Program): readonly SchemaVariable[] {
  const shared = new Set(program === 'base' || program === 'cli' ? [] : Object.keys(BaseConfig.shape));
  return Object.entries(PROGRAMS[program].shape).filter(([name]) => !shared.has(name)).map(([name, schema]) => variableOf(name, schema as z.ZodType));
}

function variableOf(name: string, schema: z.ZodType): SchemaVariable {
  const { description, preset } = schema.meta() ?? {};
  const absent = schema.safeParse(undefined);
  const made = absent.success ? absent.data : undefined;
  return {
    name, type: typeOf(schema), isRequired: !absent.success, isSecret: isSecretVariable(name), meaning: description ?? '',
    preset: typeof preset === 'string' ? preset : made === undefined ? undefined : `\`${String(made)}\``,
  };
}

function typeOf(schema: z.ZodType): string {
  const json = z.toJSONSchema(schema, { unrepresentable: 'any', io: 'output' }) as JsonSchema;
  if (json.enum !== undefined) return json.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (json.type !== 'integer' && json.type !== 'number') return 'text';
  const { minimum, maximum } = json;
  const isBounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  return `${json.type} ${isBounded ? `${minimum ?? ''}..${maximum}` : `≥ ${minimum ?? 0}`}`;
}
