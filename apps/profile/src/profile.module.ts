import { Module } from '@nestjs/common';
import { MessagingModule } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { ChangeMe } from './operations/change-me.js';
import { ChangePassword } from './operations/change-password.js';
import { CheckCredentials } from './operations/check-credentials.js';
import { CreateCustomer } from './operations/create-customer.js';
import { CustomerStatistics } from './operations/customer-statistics.js';
import { GetMe } from './operations/get-me.js';
import { ListCustomers } from './operations/list-customers.js';
import { ProvePassword } from './operations/prove-password.js';
import { Register } from './operations/register.js';
import { EnsureOperator } from './operator/ensure-operator.js';
import { Passwords } from './passwords/passwords.js';
import { Credentials } from './storage/credentials.js';
import { CustomerLists } from './storage/customer-lists.js';
import { Customers } from './storage/customers.js';
import { LoginNames } from './storage/login-names.js';

const handlers = {
  register: Register,
  createCustomer: CreateCustomer,
  checkCredentials: CheckCredentials,
  getMe: GetMe,
  changeMe: ChangeMe,
  changePassword: ChangePassword,
  listCustomers: ListCustomers,
  customerStatistics: CustomerStatistics,
};

@Module({
  imports: [MessagingModule.serve(profile, handlers)],
  providers: [Customers, CustomerLists, Credentials, LoginNames, Passwords, ProvePassword, EnsureOperator],
})
export class ProfileModule {}
