// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Accessors of `sandbox`.
use crate::client::Client;
use crate::request::{Async, Call, Operation};
/// Steps that only the sandbox can make; test keys only.
///
/// From [`Client::sandbox`](crate::Client::sandbox).
#[derive(Clone, Debug)]
pub struct SandboxResource<M = Async> {
    client: Client,
    mode: M,
}

impl<M: Clone> SandboxResource<M> {
    /// Pay a checkout session with a test card.
    ///
    /// What the checkout page does: each attempt is a payment of its own, which is the answer; a declined one is FAILED and leaves the session open.
    ///
    /// Restricted keys need the scope `sandbox:write`.
    ///
    /// Operation [`sandbox_complete_checkout_session`](https://docs.fluxapay.co.uk/api/sandbox_complete_checkout_session): `POST /sandbox/checkout/sessions/{id}/complete`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::{CompleteCheckoutSession, TestCard};
    ///
    /// let payment = fluxa
    ///     .sandbox()
    ///     .complete_checkout_session(
    ///         "chk_8c9b2a14e0f74e90",
    ///         CompleteCheckoutSession::new(
    ///             TestCard::new("4242424242424242", 12, 2030, "123"),
    ///         ),
    ///     )
    ///     .await?;
    /// println!("{} {:?}", payment.id, payment.state);
    /// # Ok(())
    /// # }
    /// ```
    pub fn complete_checkout_session(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::CheckoutSessionId>,
        body: impl Into<crate::generated::types::CompleteCheckoutSession>,
    ) -> Call<
        crate::generated::types::Payment,
        SandboxCompleteCheckoutSessionParams,
        M,
    > {
        static SANDBOX_COMPLETE_CHECKOUT_SESSION: Operation = Operation {
            id: "sandbox_complete_checkout_session",
            method: "POST",
            path: "/sandbox/checkout/sessions/{id}/complete",
            streaming: false,
        };
        let prepare = || -> Result<SandboxCompleteCheckoutSessionParams, crate::Error> {
            let id = id.into_id()?;
            let body = body.into();
            body.check()?;
            Ok(SandboxCompleteCheckoutSessionParams {
                id,
                expand: None,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &SANDBOX_COMPLETE_CHECKOUT_SESSION,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .sandbox_complete_checkout_session(
                                &params.id,
                                params.expand.as_ref(),
                                &params.body,
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// Retrieve the clock.
    ///
    /// Restricted keys need the scope `sandbox:read`.
    ///
    /// Operation [`sandbox_clock`](https://docs.fluxapay.co.uk/api/sandbox_clock): `GET /sandbox/clock`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let sandbox_clock = fluxa.sandbox().clock().await?;
    /// println!("{sandbox_clock:?}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn clock(
        &self,
    ) -> Call<crate::generated::types::SandboxClock, SandboxClockParams, M> {
        static SANDBOX_CLOCK: Operation = Operation {
            id: "sandbox_clock",
            method: "GET",
            path: "/sandbox/clock",
            streaming: false,
        };
        let prepare = || -> Result<SandboxClockParams, crate::Error> {
            Ok(SandboxClockParams::default())
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &SANDBOX_CLOCK,
            prepare(),
            |context, _| {
                Box::pin(async move { Ok(context.api().sandbox_clock().await?) })
            },
        )
    }

    /// Advance the clock.
    ///
    /// Makes everything that falls due happen, in order, before it answers: all that was there when it began, and what follows from that. The clock stands while receivers are waited for, and goes on from the end. One advance at a time, another waits its turn; freezing the clock or resetting the sandbox ends it with `advance_interrupted`.
    ///
    /// Restricted keys need the scope `sandbox:write`.
    ///
    /// Operation [`sandbox_advance_clock`](https://docs.fluxapay.co.uk/api/sandbox_advance_clock): `POST /sandbox/clock/advance`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::AdvanceClock;
    ///
    /// let sandbox_clock = fluxa.sandbox().advance_clock(AdvanceClock::new(3600)).await?;
    /// println!("{sandbox_clock:?}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn advance_clock(
        &self,
        body: impl Into<crate::generated::types::AdvanceClock>,
    ) -> Call<crate::generated::types::SandboxClock, SandboxAdvanceClockParams, M> {
        static SANDBOX_ADVANCE_CLOCK: Operation = Operation {
            id: "sandbox_advance_clock",
            method: "POST",
            path: "/sandbox/clock/advance",
            streaming: false,
        };
        let prepare = || -> Result<SandboxAdvanceClockParams, crate::Error> {
            let body = body.into();
            body.check()?;
            Ok(SandboxAdvanceClockParams { body })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &SANDBOX_ADVANCE_CLOCK,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(context.api().sandbox_advance_clock(&params.body).await?)
                })
            },
        )
    }

    /// Raise a dispute.
    ///
    /// Restricted keys need the scope `sandbox:write`.
    ///
    /// Operation [`sandbox_create_dispute`](https://docs.fluxapay.co.uk/api/sandbox_create_dispute): `POST /sandbox/disputes`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::{CreateSandboxDispute, DisputeReason};
    ///
    /// let dispute = fluxa
    ///     .sandbox()
    ///     .create_dispute(
    ///         CreateSandboxDispute::new("pay_5f8b2c1e2a4b4d8c")
    ///             .reason(DisputeReason::ProductNotReceived),
    ///     )
    ///     .await?;
    /// println!("{} {:?}", dispute.id, dispute.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_dispute(
        &self,
        body: impl Into<crate::generated::types::CreateSandboxDispute>,
    ) -> Call<crate::generated::types::Dispute, SandboxCreateDisputeParams, M> {
        static SANDBOX_CREATE_DISPUTE: Operation = Operation {
            id: "sandbox_create_dispute",
            method: "POST",
            path: "/sandbox/disputes",
            streaming: false,
        };
        let prepare = || -> Result<SandboxCreateDisputeParams, crate::Error> {
            let body = body.into();
            body.check()?;
            Ok(SandboxCreateDisputeParams {
                expand: None,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &SANDBOX_CREATE_DISPUTE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .sandbox_create_dispute(params.expand.as_ref(), &params.body)
                            .await?,
                    )
                })
            },
        )
    }

    /// Resolve a dispute.
    ///
    /// Restricted keys need the scope `sandbox:write`.
    ///
    /// Operation [`sandbox_resolve_dispute`](https://docs.fluxapay.co.uk/api/sandbox_resolve_dispute): `POST /sandbox/disputes/{id}/resolve`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::{DisputeOutcome, ResolveDispute};
    ///
    /// let dispute = fluxa
    ///     .sandbox()
    ///     .resolve_dispute(
    ///         "dsp_2b3c4d5e6f708192",
    ///         ResolveDispute::new(DisputeOutcome::Won),
    ///     )
    ///     .await?;
    /// println!("{} {:?}", dispute.id, dispute.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resolve_dispute(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::DisputeId>,
        body: impl Into<crate::generated::types::ResolveDispute>,
    ) -> Call<crate::generated::types::Dispute, SandboxResolveDisputeParams, M> {
        static SANDBOX_RESOLVE_DISPUTE: Operation = Operation {
            id: "sandbox_resolve_dispute",
            method: "POST",
            path: "/sandbox/disputes/{id}/resolve",
            streaming: false,
        };
        let prepare = || -> Result<SandboxResolveDisputeParams, crate::Error> {
            let id = id.into_id()?;
            let body = body.into();
            body.check()?;
            Ok(SandboxResolveDisputeParams {
                id,
                expand: None,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &SANDBOX_RESOLVE_DISPUTE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .sandbox_resolve_dispute(
                                &params.id,
                                params.expand.as_ref(),
                                &params.body,
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// Set the onboarding status.
    ///
    /// Restricted keys need the scope `sandbox:write`.
    ///
    /// Operation [`sandbox_set_kyb_status`](https://docs.fluxapay.co.uk/api/sandbox_set_kyb_status): `POST /sandbox/merchant/kyb`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::{KybStatus, SetKybStatus};
    ///
    /// let merchant = fluxa
    ///     .sandbox()
    ///     .set_kyb_status(SetKybStatus::new(KybStatus::Approved))
    ///     .await?;
    /// println!("{}", merchant.id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_kyb_status(
        &self,
        body: impl Into<crate::generated::types::SetKybStatus>,
    ) -> Call<crate::generated::types::Merchant, SandboxSetKybStatusParams, M> {
        static SANDBOX_SET_KYB_STATUS: Operation = Operation {
            id: "sandbox_set_kyb_status",
            method: "POST",
            path: "/sandbox/merchant/kyb",
            streaming: false,
        };
        let prepare = || -> Result<SandboxSetKybStatusParams, crate::Error> {
            let body = body.into();
            body.check()?;
            Ok(SandboxSetKybStatusParams { body })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &SANDBOX_SET_KYB_STATUS,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(context.api().sandbox_set_kyb_status(&params.body).await?)
                })
            },
        )
    }

    /// Advance a payment.
    ///
    /// Moves a payment on without waiting.
    ///
    /// Restricted keys need the scope `sandbox:write`.
    ///
    /// Operation [`sandbox_advance_payment`](https://docs.fluxapay.co.uk/api/sandbox_advance_payment): `POST /sandbox/payments/{id}/advance`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::{AdvancePayment, PaymentState};
    ///
    /// let payment = fluxa
    ///     .sandbox()
    ///     .advance_payment(
    ///         "pay_5f8b2c1e2a4b4d8c",
    ///         AdvancePayment::new(PaymentState::Settled),
    ///     )
    ///     .await?;
    /// println!("{} {:?}", payment.id, payment.state);
    /// # Ok(())
    /// # }
    /// ```
    pub fn advance_payment(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::PaymentId>,
        body: impl Into<crate::generated::types::AdvancePayment>,
    ) -> Call<crate::generated::types::Payment, SandboxAdvancePaymentParams, M> {
        static SANDBOX_ADVANCE_PAYMENT: Operation = Operation {
            id: "sandbox_advance_payment",
            method: "POST",
            path: "/sandbox/payments/{id}/advance",
            streaming: false,
        };
        let prepare = || -> Result<SandboxAdvancePaymentParams, crate::Error> {
            let id = id.into_id()?;
            let body = body.into();
            body.check()?;
            Ok(SandboxAdvancePaymentParams {
                id,
                expand: None,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &SANDBOX_ADVANCE_PAYMENT,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .sandbox_advance_payment(
                                &params.id,
                                params.expand.as_ref(),
                                &params.body,
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// Close open settlements.
    ///
    /// Settles every payment that is SETTLING and closes the batches; the answer lists them.
    ///
    /// Restricted keys need the scope `sandbox:write`.
    ///
    /// Operation [`sandbox_close_settlements`](https://docs.fluxapay.co.uk/api/sandbox_close_settlements): `POST /sandbox/settlements/close`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let settlements = fluxa.sandbox().close_settlements().await?;
    /// println!("{}", settlements.data.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn close_settlements(
        &self,
    ) -> Call<
        crate::generated::types::SettlementList,
        SandboxCloseSettlementsParams,
        M,
    > {
        static SANDBOX_CLOSE_SETTLEMENTS: Operation = Operation {
            id: "sandbox_close_settlements",
            method: "POST",
            path: "/sandbox/settlements/close",
            streaming: false,
        };
        let prepare = || -> Result<SandboxCloseSettlementsParams, crate::Error> {
            Ok(SandboxCloseSettlementsParams::default())
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &SANDBOX_CLOSE_SETTLEMENTS,
            prepare(),
            |context, _| {
                Box::pin(async move {
                    Ok(context.api().sandbox_close_settlements().await?)
                })
            },
        )
    }

    /// Renew a subscription.
    ///
    /// Ends the period now and charges for the next.
    ///
    /// Restricted keys need the scope `sandbox:write`.
    ///
    /// Operation [`sandbox_renew_subscription`](https://docs.fluxapay.co.uk/api/sandbox_renew_subscription): `POST /sandbox/subscriptions/{id}/renew`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::{RenewSubscription, SandboxOutcome};
    ///
    /// let subscription = fluxa
    ///     .sandbox()
    ///     .renew_subscription(
    ///         "sub_7a1b9c2d3e4f5061",
    ///         RenewSubscription::new().outcome(SandboxOutcome::Decline),
    ///     )
    ///     .await?;
    /// println!("{} {:?}", subscription.id, subscription.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn renew_subscription(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::SubscriptionId>,
        body: impl Into<crate::generated::types::RenewSubscription>,
    ) -> Call<crate::generated::types::Subscription, SandboxRenewSubscriptionParams, M> {
        static SANDBOX_RENEW_SUBSCRIPTION: Operation = Operation {
            id: "sandbox_renew_subscription",
            method: "POST",
            path: "/sandbox/subscriptions/{id}/renew",
            streaming: false,
        };
        let prepare = || -> Result<SandboxRenewSubscriptionParams, crate::Error> {
            let id = id.into_id()?;
            let body = body.into();
            body.check()?;
            Ok(SandboxRenewSubscriptionParams {
                id,
                expand: None,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &SANDBOX_RENEW_SUBSCRIPTION,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .sandbox_renew_subscription(
                                &params.id,
                                params.expand.as_ref(),
                                &params.body,
                            )
                            .await?,
                    )
                })
            },
        )
    }
}

impl Client {
    /// Steps that only the sandbox can make; test keys only.
    #[must_use]
    pub fn sandbox(&self) -> SandboxResource {
        SandboxResource {
            client: self.clone(),
            mode: Async,
        }
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::Client {
    /// Steps that only the sandbox can make; test keys only.
    #[must_use]
    pub fn sandbox(&self) -> SandboxResource<crate::blocking::Blocking> {
        let (client, mode) = self.parts();
        SandboxResource { client, mode }
    }
}

/// Parameters of `sandbox.complete_checkout_session`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SandboxCompleteCheckoutSessionParams {
    pub(crate) id: crate::generated::ids::CheckoutSessionId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) body: crate::generated::types::CompleteCheckoutSession,
}

impl crate::expand::SupportsExpand for SandboxCompleteCheckoutSessionParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `sandbox.clock`.
#[derive(Clone, Debug)]
#[derive(Default)]
#[non_exhaustive]
pub struct SandboxClockParams {}
/// Parameters of `sandbox.advance_clock`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SandboxAdvanceClockParams {
    pub(crate) body: crate::generated::types::AdvanceClock,
}

/// Parameters of `sandbox.create_dispute`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SandboxCreateDisputeParams {
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) body: crate::generated::types::CreateSandboxDispute,
}

impl crate::expand::SupportsExpand for SandboxCreateDisputeParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `sandbox.resolve_dispute`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SandboxResolveDisputeParams {
    pub(crate) id: crate::generated::ids::DisputeId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) body: crate::generated::types::ResolveDispute,
}

impl crate::expand::SupportsExpand for SandboxResolveDisputeParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `sandbox.set_kyb_status`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SandboxSetKybStatusParams {
    pub(crate) body: crate::generated::types::SetKybStatus,
}

/// Parameters of `sandbox.advance_payment`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SandboxAdvancePaymentParams {
    pub(crate) id: crate::generated::ids::PaymentId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) body: crate::generated::types::AdvancePayment,
}

impl crate::expand::SupportsExpand for SandboxAdvancePaymentParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `sandbox.close_settlements`.
#[derive(Clone, Debug)]
#[derive(Default)]
#[non_exhaustive]
pub struct SandboxCloseSettlementsParams {}
/// Parameters of `sandbox.renew_subscription`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SandboxRenewSubscriptionParams {
    pub(crate) id: crate::generated::ids::SubscriptionId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) body: crate::generated::types::RenewSubscription,
}

impl crate::expand::SupportsExpand for SandboxRenewSubscriptionParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}
