import { Form } from '@rjsf/mantine';
import type { ErrorSchema, RJSFSchema, UiSchema } from '@rjsf/utils';
import { useMemo } from 'react';
import { schemaValidator } from './schema-validator';

type Values = Readonly<Record<string, unknown>>;

interface SchemaFormProps {
  /** A provider's announced connectionSchema or zoneSchema. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly values: Values;
  readonly change: (values: Values) => void;
  /** Faults that the door found, by field. */
  readonly faults?: Readonly<Record<string, string>>;
  readonly idPrefix: string;
}

interface Field { readonly writeOnly?: boolean; readonly type?: string; readonly description?: string }

/** The form that a provider asks for; secrets go in and are never shown. */
export function SchemaForm({ schema, values, change, faults = {}, idPrefix }: SchemaFormProps) {
  const ui = useMemo(() => uiOf(schema), [schema]);
  const plain = useMemo(() => { const { $schema: _version, ...rest } = schema; return rest as RJSFSchema; }, [schema]);
  const extraErrors = Object.fromEntries(Object.entries(faults).map(([field, message]) => [field, { __errors: [message] }])) as ErrorSchema<Record<string, unknown>>;
  if (fieldsOf(schema).length === 0) return null;
  return (
    <Form tagName="div" idPrefix={idPrefix} schema={plain} uiSchema={ui} formData={values} validator={schemaValidator} onChange={({ formData }) => { change((formData ?? {}) as Values); }} showErrorList={false} noHtml5Validate extraErrors={extraErrors} extraErrorsBlockSubmit={false}>
      <></>
    </Form>
  );
}

const fieldsOf = (schema: Readonly<Record<string, unknown>>) => Object.entries((schema['properties'] ?? {}) as Record<string, Field>);

/** What is still wrong with the values, as one sentence a field; empty: nothing. */
export function formFaults(schema: Readonly<Record<string, unknown>>, values: Values): readonly string[] {
  return schemaValidator.validateFormData({ ...values }, schema as RJSFSchema).errors.map((fault) => `${(fault.property ?? '').replace(/^\./, '')} ${fault.message ?? ''}`);
}

function uiOf(schema: Readonly<Record<string, unknown>>): UiSchema {
  const ui: UiSchema = { 'ui:submitButtonOptions': { norender: true }, 'ui:title': '', 'ui:description': '' };
  for (const [name, field] of fieldsOf(schema)) {
    if (field.writeOnly === true) ui[name] = { 'ui:widget': 'password', 'ui:autocomplete': 'off' };
  }
  return ui;
}

/** The names of the fields that go in and never come out. */
export const secretFieldsOf = (schema: Readonly<Record<string, unknown>>): readonly string[] => fieldsOf(schema).filter(([, field]) => field.writeOnly === true).map(([name]) => name);
