import {customers} from './en/customers';
import {frame} from './en/frame';
import {house} from './en/house';
import {law} from './en/law';

export const en = {...frame, ...customers, ...house, ...law};
