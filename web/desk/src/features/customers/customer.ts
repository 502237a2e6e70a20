// What is known of a customer, and what to call them.
import type {Schemas} from '../../api/client';

export type Customer = Schemas['Customer'];

function textTrait(customer: Customer, name: string): string | null {
  const found = customer.traits.find(trait => trait.name === name && typeof trait.value === 'string' && trait.value !== '');
  return found ? (found.value as string) : null;
}

export function nameOf(customer: Customer): string | null {
  const parts = [
    textTrait(customer, 'firstName') ?? textTrait(customer, 'first_name'),
    textTrait(customer, 'lastName') ?? textTrait(customer, 'last_name'),
  ].filter(part => part !== null);
  return textTrait(customer, 'name') ?? (parts.length > 0 ? parts.join(' ') : null);
}
