import { parseRange, type IpRange } from '../addresses/ip-range.js';
import { templateName } from '../addresses/name-template.js';
import { parseFqdn } from '../names/host-name.js';
import { parseApex } from '../names/owner-name.js';
import type { Fault } from './fact.js';

/** The house's settings for planning; contracts' `PlanningSettings` is assignable. Kept as text, read through `rulesOf`. */
export interface PlanningSettings {
  readonly mainDomain: string | null;
  readonly tenantDomains: Readonly<Record<string, string>>;
  readonly forwardAddresses: 'primary' | 'all';
  readonly zoneMatch: 'closest' | 'every';
  /** The first range that holds the address gives the PTR. */
  readonly ptrTemplates: readonly { readonly range: string; readonly pattern: string }[];
  /** Names and addresses in these wait for a zone; others are outside. */
  readonly ownDomains: readonly string[];
  readonly ownRanges: readonly string[];
  /** By tenant; who has none may use anything. */
  readonly tenantLimits?: Readonly<Record<string, TenantLimits>> | undefined;
}

/** What a tenant's VMs may be called, and which addresses they may have; null: anything. */
export interface TenantLimits { readonly domains: readonly string[] | null; readonly ranges: readonly string[] | null }

export const DEFAULT_SETTINGS: PlanningSettings = {
  mainDomain: null, tenantDomains: {}, forwardAddresses: 'primary', zoneMatch: 'closest', ptrTemplates: [], ownDomains: [], ownRanges: [],
};

/** Settings with their texts parsed; entries that do not parse are left out (the door has refused them). */
export interface PlanningRules {
  readonly mainDomain: string | null;
  readonly tenantDomains: ReadonlyMap<string, string>;
  readonly templates: readonly { readonly range: IpRange; readonly pattern: string }[];
  /** Own, main and tenants' domains: what lies in one waits for its zone. */
  readonly domains: readonly string[];
  /** Own ranges and those of the templates. */
  readonly ranges: readonly IpRange[];
  readonly limits: ReadonlyMap<string, { readonly domains: readonly string[] | null; readonly ranges: readonly IpRange[] | null }>;
}

const nameOf = (text: string): string | null => {
  const parsed = parseFqdn(text);
  return parsed.ok ? parsed.name : null;
};
const apexOf = (text: string): string | null => {
  const parsed = parseApex(text);
  return parsed.ok ? parsed.name : null;
};
const rangeOf = (text: string): IpRange | null => {
  const parsed = parseRange(text);
  return parsed.ok ? parsed.range : null;
};
const isKnown = <T>(value: T | null): value is T => value !== null;

const compiled = new WeakMap<PlanningSettings, PlanningRules>();

function compile(settings: PlanningSettings): PlanningRules {
  const mainDomain = settings.mainDomain === null ? null : nameOf(settings.mainDomain);
  const tenantDomains = new Map(Object.entries(settings.tenantDomains).flatMap(([tenant, text]) => {
    const name = nameOf(text);
    return name === null ? [] : [[tenant, name] as const];
  }));
  const templates = settings.ptrTemplates.flatMap(({ range: text, pattern }) => {
    const range = rangeOf(text);
    return range === null ? [] : [{ range, pattern }];
  });
  return {
    mainDomain, tenantDomains, templates,
    domains: [...new Set([...settings.ownDomains.map(apexOf), mainDomain, ...tenantDomains.values()].filter(isKnown))],
    ranges: [...settings.ownRanges.map(rangeOf).filter(isKnown), ...templates.map((template) => template.range)],
    // What does not parse permits nothing: a limit never becomes none by a slip.
    limits: new Map(Object.entries(settings.tenantLimits ?? {}).map(([tenant, { domains, ranges }]) => [tenant, { domains: domains?.map(apexOf).filter(isKnown) ?? null, ranges: ranges?.map(rangeOf).filter(isKnown) ?? null }])),
  };
}

/** The parsed form, computed once for each settings object: never change one in place. */
export function rulesOf(settings: PlanningSettings): PlanningRules {
  const known = compiled.get(settings);
  if (known !== undefined) return known;
  const rules = compile(settings);
  compiled.set(settings, rules);
  return rules;
}

/** Every fault of settings as they came in, by path. */
export function faultsOfSettings(settings: PlanningSettings): readonly Fault[] {
  const faults: Fault[] = [];
  const add = (path: string, parsed: { readonly ok: true } | { readonly ok: false; readonly message: string }) => {
    if (!parsed.ok) faults.push({ path, message: parsed.message });
  };
  if (settings.mainDomain !== null) add('mainDomain', parseFqdn(settings.mainDomain));
  for (const [tenant, domain] of Object.entries(settings.tenantDomains)) add(`tenantDomains.${tenant}`, parseFqdn(domain));
  settings.ptrTemplates.forEach(({ range, pattern }, at) => {
    const parsed = parseRange(range);
    add(`ptrTemplates[${at}].range`, parsed);
    const sample = parsed.ok && parsed.range.family === 6 ? '2001:db8::1' : '192.0.2.1';
    add(`ptrTemplates[${at}].pattern`, templateName(pattern, sample));
  });
  settings.ownDomains.forEach((domain, at) => add(`ownDomains[${at}]`, parseApex(domain)));
  settings.ownRanges.forEach((range, at) => add(`ownRanges[${at}]`, parseRange(range)));
  return faults;
}

/** Every fault of a tenant's limits as they came in, by path. */
export function faultsOfLimits({ domains, ranges }: TenantLimits): readonly Fault[] {
  const faults = (path: string, texts: readonly string[] | null, parse: (text: string) => { readonly ok: true } | { readonly ok: false; readonly message: string }) =>
    (texts ?? []).flatMap((text, at): Fault[] => { const parsed = parse(text); return parsed.ok ? [] : [{ path: `${path}[${at}]`, message: parsed.message }]; });
  return [...faults('domains', domains, parseApex), ...faults('ranges', ranges, parseRange)];
}
