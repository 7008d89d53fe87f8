import { Validator, type Schema } from '@cfworker/json-schema';
import { toErrorSchema, type ErrorTransformer, type RJSFSchema, type RJSFValidationError, type ValidatorType } from '@rjsf/utils';

type Data = Record<string, unknown>;

/**
 * Checks a form by its JSON Schema without making code of it: the usual validator does, which the page's content
 * security policy forbids.
 */
export const schemaValidator: ValidatorType<Data> = {
  validateFormData(formData, schema, _customValidate, transformErrors, uiSchema) {
    const found = faultsOf(schema, formData);
    const errors = transformErrors === undefined ? found : transformErrors(found, uiSchema as Parameters<ErrorTransformer<Data>>[1]);
    return { errors, errorSchema: toErrorSchema<Data>(errors) };
  },
  isValid: (schema, formData) => faultsOf(schema, formData).length === 0,
  rawValidation: <Result>(schema: RJSFSchema, formData?: Data) => ({ errors: faultsOf(schema, formData) as Result[] }),
};

function faultsOf(schema: RJSFSchema, formData: Data | undefined): RJSFValidationError[] {
  const { errors } = new Validator(schema as Schema, '2020-12', false).validate(formData ?? {});
  return errors
    // These only say that something below them is wrong, which is said as well.
    .filter(({ keyword }) => !['properties', 'items', 'allOf', '$ref'].includes(keyword))
    .map(({ instanceLocation, keyword, error }) => {
      const missing = keyword === 'required' ? /"([^"]+)"/.exec(error)?.[1] : undefined;
      const path = [...instanceLocation.replace(/^#/, '').split('/').filter(Boolean), ...(missing === undefined ? [] : [missing])];
      return { property: `.${path.join('.')}`, message: missing === undefined ? error : 'is needed', name: keyword, stack: error, schemaPath: keyword };
    });
}
