import { z } from 'zod';

/** The JSON Schema that the console, the CLI and the gateway use as a form: fields with `.meta({ secret: true })` become `"writeOnly": true`. */
export function formSchemaOf(schema: z.ZodType): Record<string, unknown> {
  const json = z.toJSONSchema(schema, {
    io: 'input', unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      if (jsonSchema['secret'] === true) jsonSchema.writeOnly = true;
      delete jsonSchema['secret'];
    },
  });
  return { ...json };
}

/** The names of a form's secret fields. */
export function secretFieldsOf(schema: z.ZodType): readonly string[] {
  const properties = formSchemaOf(schema)['properties'];
  if (typeof properties !== 'object' || properties === null) return [];
  return Object.entries(properties).filter(([, field]: [string, { writeOnly?: boolean }]) => field.writeOnly === true).map(([name]) => name);
}
