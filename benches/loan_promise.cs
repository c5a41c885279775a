// The loan promise as the vendor's server has it, without attributes: the default contract (all public members, ordinal
// order, the CLR namespace in the XML namespace) is exactly what the vendor's help page shows.
namespace Vitec.Housing.Connect.Api.Models.Buyer
{
    public enum LoanPromiseEstateType { Apartment = 1, Cottage = 2, House = 3 }

    public enum LoanPromiseStatus
    {
        AutomaticVerification = 1, CanNotVerify = 2, VerifiedByBank = 3, IsBeingProcessed = 4,
        CouldNotBeVerified = 5, NoLoanPromiseExists = 6, PreApprovalVerifiedByBank = 7,
    }

    public enum LoanPromiseFinancing { Unknown = 0, Bank = 1, Other = 2 }

    // In the order of the help page's JSON.
    public class LoanPromise
    {
        public string Bank { get; set; }
        public System.DateTime? ValidUntil { get; set; }
        public LoanPromiseEstateType? EstateType { get; set; }
        public string EstateId { get; set; }
        public LoanPromiseStatus? Status { get; set; }
        public LoanPromiseFinancing? Financing { get; set; }
    }
}
