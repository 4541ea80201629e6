/** The first thing wrong with a GeoJSON Polygon or MultiPolygon (RFC 7946, WGS 84), or undefined. */
export function geometryFault(value: unknown): string | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return 'must be a GeoJSON object';
  const unknown = Object.keys(value).find((key) => key !== 'type' && key !== 'coordinates');
  if (unknown !== undefined) return `has the unknown member ${JSON.stringify(unknown)}`;
  const { type, coordinates } = value as { type?: unknown; coordinates?: unknown };
  if (type === 'Polygon') return polygonFault(coordinates, 'coordinates');
  if (type !== 'MultiPolygon') return 'must have the type Polygon or MultiPolygon';
  if (!isFilled(coordinates)) return 'coordinates must be a list of polygons';
  return firstFault(coordinates, (polygon, at) => polygonFault(polygon, `coordinates[${at}]`));
}

function polygonFault(rings: unknown, path: string): string | undefined {
  if (!isFilled(rings)) return `${path} must be a list of rings`;
  return firstFault(rings, (ring, at) => ringFault(ring, `${path}[${at}]`));
}

function ringFault(ring: unknown, path: string): string | undefined {
  if (!isFilled(ring) || ring.length < 4) return `${path} must be a ring of at least four positions`;
  const fault = firstFault(ring, (position, at) =>
    isPosition(position) ? undefined : `${path}[${at}] must be [longitude, latitude] in degrees`,
  );
  if (fault) return fault;
  const [first, last] = [ring[0] as number[], ring.at(-1) as number[]];
  return first[0] === last[0] && first[1] === last[1] ? undefined : `${path} must end where it begins`;
}

function isPosition(value: unknown): boolean {
  if (!Array.isArray(value) || value.length < 2 || value.length > 3) return false;
  const [longitude, latitude, altitude = 0] = value as unknown[];
  return within(longitude, 180) && within(latitude, 90) && Number.isFinite(altitude);
}

function within(value: unknown, limit: number): boolean {
  return typeof value === 'number' && Math.abs(value) <= limit;
}

function isFilled(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length > 0;
}

function firstFault(items: unknown[], faultOf: (item: unknown, at: number) => string | undefined): string | undefined {
  for (const [at, item] of items.entries()) {
    const fault = faultOf(item, at);
    if (fault) return fault;
  }
  return undefined;
}
