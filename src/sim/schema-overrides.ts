/** Keys of a section as overrides of it: each may be left out, and then the section's own value holds. */

import { z } from "zod";

/**
 * The strict object schema with the same keys, none required and none with a default. Descriptions are kept.
 *
 * @param section an object schema whose keys have defaults
 */
export function overridesOf<T extends z.ZodObject>(
  section: T,
): z.ZodType<Partial<z.output<T>>, Partial<z.input<T>>> {
  const keys = Object.entries(section.shape as Record<string, z.ZodType>).map(([key, type]) => {
    const inner = (type instanceof z.ZodDefault ? type.unwrap() : type) as z.ZodType;
    const meta = type.meta();
    const optional = inner.optional();
    return [key, meta === undefined ? optional : optional.meta(meta)] as const;
  });
  return z.strictObject(Object.fromEntries(keys)) as unknown as z.ZodType<
    Partial<z.output<T>>,
    Partial<z.input<T>>
  >;
}
