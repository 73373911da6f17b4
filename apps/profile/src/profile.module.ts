import { Module } from '@nestjs/common';
import { MessagingModule } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { ChangeMe } from './operations/change-me.js';
import { ChangePassword } from './operations/change-password.js';
import { CheckCredentials } from './operations/check-credentials.js';
import { CreateCustomer } from './operations/create-customer.js';
import { GetMe } from './operations/get-me.js';
import { ProvePassword } from './operations/prove-password.js';
import { Register } from './operations/register.js';
import { EnsureOperator } from './operator/ensure-operator.js';
import { Passwords } from './passwords/passwords.js';
import { Credentials } from './storage/credentials.js';
import { Customers } from './storage/customers.js';
import { LoginNames } from './storage/login-names.js';

const handlers = {
  register: Register,
  createCustomer: CreateCustomer,
  checkCredentials: CheckCredentials,
  getMe: GetMe,
  changeMe: ChangeMe,
  changePassword: ChangePassword,
};

@Module({
  imports: [MessagingModule.serve(profile, handlers)],
  providers: [Customers, Credentials, LoginNames, Passwords, ProvePassword, EnsureOperator],
})
export class ProfileModule {}
