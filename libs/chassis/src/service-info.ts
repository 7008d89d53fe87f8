/** Who this process is. `name` is the service (`planner`, `adapter-powerdns`), `instance` the replica. */
export class ServiceInfo {
  constructor(readonly name: string, readonly instance: string) {}
}

/** Injection token of the parsed configuration. */
export const CONFIG = Symbol('vmdns.config');
