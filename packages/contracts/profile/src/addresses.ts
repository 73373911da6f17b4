import { command, PostalAddress, query, Timestamp, withoutLimits } from '@stoa/contract-kit';
import { z } from 'zod';

const { name, company, lines, city, region, postalCode, country, phone } = PostalAddress.shape;

const Uses = {
  defaultShipping: z.boolean().describe('Whether goods go there unless another is named; one address is that'),
  defaultBilling: z.boolean().describe('Whether bills go there unless another is named; one address is that'),
};

const AddressId = z.uuid();

/** An address in a customer's book. */
export const Address = withoutLimits(
  PostalAddress.extend({ addressId: AddressId, ...Uses, createdAt: Timestamp, updatedAt: Timestamp }),
);
export type Address = z.infer<typeof Address>;

const DEFAULTS =
  'The first address is the default for both; one of those that are left takes the place of one that goes.';

const Book = z.object({ items: z.array(Address) });

/** A customer's addresses, to ship to and to bill. */
export const addresses = {
  listMyAddresses: query({
    http: 'GET /v1/me/addresses',
    summary: 'List my addresses, the oldest first',
    caller: 'customer',
    input: z.object({}),
    output: Book,
    personalData: true,
    since: 5,
  }),

  addAddress: command({
    http: 'POST /v1/me/addresses',
    summary: 'Add an address; it has what its country needs',
    description: DEFAULTS,
    caller: 'customer',
    key: 'caller.customerId',
    input: PostalAddress.extend({
      defaultShipping: Uses.defaultShipping.optional(),
      defaultBilling: Uses.defaultBilling.optional(),
    }),
    output: Address,
    status: 201,
    errors: { NOT_FOUND: 404, TOO_MANY_ADDRESSES: 409 },
    since: 5,
  }),

  changeAddress: command({
    http: 'PATCH /v1/me/addresses/{addressId}',
    summary: 'Change an address; fields that are not given stay, those that are null go',
    description: `${DEFAULTS} A default ends when another address becomes it, so false changes nothing.`,
    caller: 'customer',
    key: 'caller.customerId',
    input: z.object({
      addressId: AddressId,
      name: name.optional(),
      company: company.nullable(),
      lines: lines.optional(),
      city: city.nullable(),
      region: region.nullable(),
      postalCode: postalCode.nullable(),
      country: country.optional(),
      phone: phone.nullable(),
      defaultShipping: Uses.defaultShipping.optional(),
      defaultBilling: Uses.defaultBilling.optional(),
    }),
    output: Address,
    errors: { NOT_FOUND: 404 },
    since: 5,
  }),

  removeAddress: command({
    http: 'DELETE /v1/me/addresses/{addressId}',
    summary: 'Remove an address; orders keep what they were sent to',
    description: DEFAULTS,
    caller: 'customer',
    key: 'caller.customerId',
    input: z.object({ addressId: AddressId }),
    output: z.object({}),
    status: 204,
    errors: { NOT_FOUND: 404 },
    since: 5,
  }),
};
