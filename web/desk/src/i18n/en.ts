import {customers} from './en/customers';
import {frame} from './en/frame';
import {house} from './en/house';

export const en = {...frame, ...customers, ...house};
