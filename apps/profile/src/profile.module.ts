import { Module } from '@nestjs/common';
import { MessagingModule, onEvent } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { AddAddress } from './addresses/add-address.js';
import { BookOf } from './addresses/book-of.js';
import { ChangeAddress } from './addresses/change-address.js';
import { ListMyAddresses } from './addresses/list-my-addresses.js';
import { RemoveAddress } from './addresses/remove-address.js';
import { ChangeEmail } from './operations/change-email.js';
import { ChangeLoginName } from './operations/change-login-name.js';
import { ChangeMe } from './operations/change-me.js';
import { ChangePassword } from './operations/change-password.js';
import { ChangeUsername } from './operations/change-username.js';
import { CheckCredentials } from './sign-in/check-credentials.js';
import { CreateCustomer } from './operations/create-customer.js';
import { CustomerStatistics } from './operations/customer-statistics.js';
import { EraseCustomer } from './operations/erase-customer.js';
import { EraseMe } from './operations/erase-me.js';
import { GetMe } from './operations/get-me.js';
import { ListCustomers } from './operations/list-customers.js';
import { ListMyNotices } from './sign-in/list-my-notices.js';
import { NoteSignInsLocked } from './sign-in/note-sign-ins-locked.js';
import { NewPasswords } from './passwords/new-passwords.js';
import { PasswordStrength } from './sign-in/password-strength.js';
import { ProveMyPassword } from './sign-in/prove-my-password.js';
import { ReplacePassword } from './sign-in/replace-password.js';
import { UnknownNames } from './sign-in/unknown-names.js';
import { ProvePassword } from './passwords/prove-password.js';
import { Register } from './operations/register.js';
import { ChangeName } from './names/change-name.js';
import { ExpireReservations } from './names/expire-reservations.js';
import { NameSaga } from './names/name-saga.js';
import { SettleNames } from './names/settle-names.js';
import { LinkTokens } from './mail/link-tokens.js';
import { mailerProvider } from './mail/open-mailer.js';
import { QueueMail } from './mail/queue-mail.js';
import { SendMails } from './mail/send-mails.js';
import { SettleResetRequests } from './recovery/settle-reset-requests.js';
import { ConfirmEmail } from './recovery/confirm-email.js';
import { ExpireLinks } from './recovery/expire-links.js';
import { RequestPasswordReset } from './recovery/request-password-reset.js';
import { ResetPassword } from './recovery/reset-password.js';
import { SendVerification } from './recovery/send-verification.js';
import { SetResetPassword } from './recovery/set-reset-password.js';
import { VerifyEmail } from './recovery/verify-email.js';
import { ChangeOperator } from './operators/change-operator.js';
import { CreateOperator } from './operators/create-operator.js';
import { DecideOperator } from './operators/decide-operator.js';
import { EndOperator } from './operators/end-operator.js';
import { EnsureOperator } from './operators/ensure-operator.js';
import { ListOperators } from './operators/list-operators.js';
import { MarkOperator } from './operators/mark-operator.js';
import { RolesOf } from './operators/roles-of.js';
import { SetRoles } from './operators/set-roles.js';
import { Passwords } from './passwords/passwords.js';
import { AddressBooks } from './storage/address-books.js';
import { Credentials } from './storage/credentials.js';
import { CustomerLists } from './storage/customer-lists.js';
import { Customers } from './storage/customers.js';
import { Decisions } from './storage/decisions.js';
import { Links } from './storage/links.js';
import { CheckCode } from './second-factor/check-code.js';
import { ConfirmSecondFactor } from './second-factor/confirm-second-factor.js';
import { EnrolSecondFactor } from './second-factor/enrol-second-factor.js';
import { GetSecondFactor } from './second-factor/get-second-factor.js';
import { RemoveSecondFactor } from './second-factor/remove-second-factor.js';
import { SecretSeal } from './second-factor/secret-seal.js';
import { Mails } from './storage/mails.js';
import { Names } from './storage/names.js';
import { Notices } from './storage/notices.js';
import { OperatorRegistry } from './storage/operator-registry.js';
import { Operators } from './storage/operators.js';
import { SecondFactors } from './storage/second-factors.js';
import { ResetRequests } from './storage/reset-requests.js';
import { FollowRegistry } from './subscriptions/follow-registry.js';
import { SettleDecidedNames } from './subscriptions/settle-decided-names.js';

const handlers = {
  register: Register,
  createCustomer: CreateCustomer,
  checkCredentials: CheckCredentials,
  provePassword: ProveMyPassword,
  replacePassword: ReplacePassword,
  noteSignInsLocked: NoteSignInsLocked,
  listMyNotices: ListMyNotices,
  getMe: GetMe,
  changeMe: ChangeMe,
  changePassword: ChangePassword,
  listMyAddresses: ListMyAddresses,
  addAddress: AddAddress,
  changeAddress: ChangeAddress,
  removeAddress: RemoveAddress,
  passwordStrength: PasswordStrength,
  listCustomers: ListCustomers,
  customerStatistics: CustomerStatistics,
  changeEmail: ChangeEmail,
  changeUsername: ChangeUsername,
  changeLoginName: ChangeLoginName,
  eraseMe: EraseMe,
  eraseCustomer: EraseCustomer,
  requestPasswordReset: RequestPasswordReset,
  resetPassword: ResetPassword,
  setResetPassword: SetResetPassword,
  sendVerification: SendVerification,
  verifyEmail: VerifyEmail,
  confirmEmail: ConfirmEmail,
  listOperators: ListOperators,
  createOperator: CreateOperator,
  changeOperator: ChangeOperator,
  endOperator: EndOperator,
  markOperator: MarkOperator,
  decideOperator: DecideOperator,
  getSecondFactor: GetSecondFactor,
  enrolSecondFactor: EnrolSecondFactor,
  confirmSecondFactor: ConfirmSecondFactor,
  removeSecondFactor: RemoveSecondFactor,
};
const subscriptions = [
  onEvent(profile.namesDecided, SettleDecidedNames),
  onEvent(profile.operatorDecided, FollowRegistry),
];

@Module({
  imports: [MessagingModule.serve(profile, handlers, { subscriptions })],
  providers: [
    ...[Customers, CustomerLists, Credentials, Names, Notices, Decisions, Operators],
    ...[Links, Mails, ResetRequests, AddressBooks, BookOf],
    ...[mailerProvider, LinkTokens, QueueMail, SendMails, SettleResetRequests, ExpireLinks],
    ...[Passwords, NewPasswords, ProvePassword, UnknownNames],
    ...[NameSaga, SettleNames, ChangeName, ExpireReservations],
    ...[SecondFactors, SecretSeal, CheckCode],
    ...[OperatorRegistry, RolesOf, SetRoles, EnsureOperator],
  ],
})
export class ProfileModule {}
